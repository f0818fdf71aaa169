//! Turns each concern's checks into tests of one engine.

macro_rules! conformance {
    ($concern:ident, $empty:ident, $($check:ident),+ $(,)?) => {
        mod $concern {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let (store, _kept) = super::$empty().await;
                crate::$concern::$check(&store).await;
            })+
        }
    };
}

macro_rules! config_store_conformance {
    ($empty:ident) => {
        conformance!(
            config_store,
            $empty,
            an_environment_starts_without_a_version,
            a_version_is_read_back_as_it_was_appended,
            only_a_child_of_the_live_version_is_appended,
            environments_do_not_see_each_other,
            of_concurrent_appends_exactly_one_wins,
        );
    };
}

/// Of a store beside which somebody writes: `empty` answers their connection as what keeps the store.
macro_rules! poisoned_config_conformance {
    ($empty:ident, $($check:ident),+ $(,)?) => {
        mod poisoned_config {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let (store, somebody) = super::$empty().await;
                crate::poisoned_config::$check(&store, &somebody).await;
            })+
        }
    };
    ($empty:ident) => {
        poisoned_config_conformance!(
            $empty,
            a_poisoned_row_is_told_with_every_reason,
            a_document_that_was_changed_beneath_its_sha256_is_unreadable,
            a_poisoned_version_can_be_followed_by_a_good_one,
        );
    };
}

macro_rules! prediction_log_conformance {
    ($empty:ident) => {
        conformance!(
            prediction_log,
            $empty,
            a_record_is_read_back_equal,
            a_uid_is_inserted_once,
            a_batch_of_many_statements_is_one_insert,
            the_newest_come_first,
            a_client_s_records_are_only_theirs,
            an_empty_batch_is_no_work,
            a_range_is_read_oldest_first_and_in_steps,
            what_is_older_than_a_day_is_dropped,
            an_erased_client_has_no_predictions,
            of_concurrent_deliveries_each_record_is_new_to_one,
            numbers_come_back_to_the_last_bit,
        );
    };
}

macro_rules! clients_conformance {
    ($empty:ident) => {
        conformance!(
            clients,
            $empty,
            an_unknown_client_has_nothing,
            a_client_is_read_back,
            an_upsert_replaces_the_whole_row,
            lists_are_ordered_and_bounded,
            an_erased_client_is_unknown,
            ids_are_compared_exactly,
            of_a_client_given_twice_the_last_row_counts,
            importers_of_the_same_clients_do_not_collide,
        );
    };
}

macro_rules! users_conformance {
    ($empty:ident) => {
        conformance!(
            users,
            $empty,
            a_user_is_read_back,
            a_name_is_taken_once,
            changes_reach_only_whom_they_name,
            everyone_is_listed_by_name,
            names_are_compared_exactly,
        );
    };
}

macro_rules! replicas_conformance {
    ($empty:ident) => {
        conformance!(
            replicas,
            $empty,
            a_report_is_read_back_and_replaced_by_the_next,
            environments_list_their_own_by_name,
            who_leaves_or_falls_silent_is_forgotten,
        );
    };
}

macro_rules! idempotency_conformance {
    ($empty:ident) => {
        conformance!(
            idempotency,
            $empty,
            the_first_request_answers_all_that_follow,
            a_key_is_the_caller_s_own_and_compared_exactly,
            of_concurrent_claims_all_get_one_answer,
            old_keys_are_forgotten_in_steps,
        );
    };
}

/// Of a database that was not migrated yet.
macro_rules! database_conformance {
    ($fresh:ident) => {
        conformance!(
            database,
            $fresh,
            a_database_is_migrated_once,
            days_are_prepared_as_often_as_one_likes,
            a_closed_database_says_so,
        );
    };
}

macro_rules! sightings_conformance {
    ($empty:ident) => {
        conformance!(
            sightings,
            $empty,
            a_first_sighting_answers_0,
            earlier_sightings_are_counted_by_client,
            a_sighting_is_forgotten_after_the_window,
            the_window_slides,
            a_window_that_changes_keeps_what_was_counted,
            an_erased_client_was_never_seen,
        );
    };
}

macro_rules! email_jobs_conformance {
    ($empty:ident) => {
        conformance!(
            email_jobs,
            $empty,
            a_job_is_inserted_once_and_keeps_its_first_content,
            one_claim_at_a_time_and_a_forgotten_one_runs_out,
            of_many_who_claim_one_job_one_gets_it,
            a_retry_is_another_turn_and_the_old_one_is_over,
            a_claim_given_back_leaves_no_trace_but_its_reason,
            sent_is_sent_whatever_else_happened,
            what_is_parked_can_be_requeued_and_starts_over,
            what_is_due_comes_in_order_and_in_steps,
            jobs_are_counted_purged_and_erased,
            of_jobs_with_one_key_the_first_is_taken,
            of_many_who_insert_one_key_one_job_comes,
            of_many_who_requeue_one_job_one_does,
        );
    };
}

macro_rules! config_changes_conformance {
    ($empty:ident) => {
        conformance!(
            config_changes,
            $empty,
            a_change_reaches_everyone_who_listens,
            environments_hear_only_their_own_changes,
            many_changes_are_one_item_at_least,
            a_change_that_nobody_hears_is_no_error,
        );
    };
}

macro_rules! archive_conformance {
    ($empty:ident) => {
        conformance!(
            archive,
            $empty,
            an_object_is_read_back_and_written_over,
            what_is_not_there_is_no_failure,
            keys_are_listed_below_their_folder_in_the_order_of_their_bytes,
            many_keys_are_listed_in_pages,
            a_key_that_would_leave_its_folder_is_refused,
            a_client_is_erased_and_nobody_else,
            an_erasure_that_broke_off_is_finished_by_the_next,
            days_before_a_day_are_let_go,
        );
    };
}

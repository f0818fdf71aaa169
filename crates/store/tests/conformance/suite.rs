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
            changes_reach_those_who_exist,
            everyone_is_listed_by_name,
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

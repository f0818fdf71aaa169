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
            where_a_version_comes_from_is_kept_with_it,
            history_goes_on_before_any_version,
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
            a_newer_build_s_provenance_keeps_nobody_from_serving,
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
        conformance!(
            standing,
            $empty,
            a_prediction_is_where_its_client_stands,
            the_newest_prediction_holds_in_whatever_order_they_come,
            who_is_not_named_and_what_is_for_nobody_s_sake_stands_nowhere,
            a_holdout_stands_without_a_score,
            those_at_risk_come_by_what_is_at_risk_and_in_steps,
            standings_go_with_the_log,
            of_concurrent_deliveries_the_newest_holds,
        );
    };
}

macro_rules! outcomes_conformance {
    ($empty:ident) => {
        conformance!(
            outcomes,
            $empty,
            a_statement_is_read_back,
            the_same_again_changes_nothing,
            a_correction_replaces_what_is_older_whenever_it_comes,
            what_was_said_between_two_that_agree_is_superseded,
            of_two_at_one_moment_the_later_one_holds,
            times_are_kept_to_the_microsecond,
            names_of_statements_are_compared_exactly,
            all_statements_are_read_in_steps,
            an_erased_client_has_no_outcomes,
            a_batch_with_one_that_cannot_be_stored_leaves_nothing,
            of_many_who_state_the_same_each_is_told_and_the_newest_holds,
        );
    };
}

macro_rules! drift_days_conformance {
    ($empty:ident) => {
        conformance!(drift_days, $empty, days_are_read_back_in_order, what_was_computed_last_is_kept,);
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

macro_rules! proposals_conformance {
    ($empty:ident) => {
        conformance!(
            proposals,
            $empty,
            a_proposal_is_numbered_and_read_back,
            an_update_counts_its_revision_up,
            of_many_who_act_on_one_revision_one_wins,
            the_newest_come_first_and_in_pages,
            those_under_way_are_listed_oldest_first,
            what_passed_is_found_by_its_document,
        );
    };
}

macro_rules! ledger_conformance {
    ($empty:ident) => {
        conformance!(
            ledger,
            $empty,
            a_change_is_made_with_its_line,
            a_line_without_a_subject_names_the_proposal_that_is_added,
            of_many_who_append_one_wins_and_the_others_leave_nothing,
            a_change_and_a_bare_append_do_not_both_win,
            a_step_that_does_not_fit_undoes_all_the_others,
            every_field_of_hostile_text_comes_back_exactly,
            many_steps_are_one_change,
        );
    };
}

macro_rules! sessions_conformance {
    ($empty:ident) => {
        conformance!(
            sessions,
            $empty,
            a_session_is_read_back_until_it_is_closed,
            a_hash_is_taken_once,
            a_use_is_noted_and_never_goes_back,
            a_person_s_sessions_are_listed_newest_first,
            those_that_ended_are_dropped,
            a_change_closes_all_but_one_of_a_person_s,
            a_long_agent_is_cut,
        );
    };
}

macro_rules! login_guard_conformance {
    ($empty:ident) => {
        conformance!(
            login_guard,
            $empty,
            failures_are_counted_by_key,
            of_many_at_once_none_is_lost,
            a_cleared_key_begins_anew,
            old_failures_are_forgotten,
        );
    };
}

macro_rules! console_tokens_conformance {
    ($empty:ident) => {
        conformance!(
            console_tokens,
            $empty,
            a_token_is_read_back,
            tokens_are_listed_newest_first,
            a_token_s_use_is_noted_and_never_goes_back,
            a_token_is_revoked_once,
        );
    };
}

macro_rules! golden_payloads_conformance {
    ($empty:ident) => {
        conformance!(
            golden_payloads,
            $empty,
            payloads_are_read_back_by_name,
            a_payload_is_written_over,
            a_payload_is_deleted_alone,
        );
    };
}

macro_rules! audit_log_conformance {
    ($empty:ident) => {
        conformance!(
            audit_log,
            $empty,
            an_empty_log_holds,
            lines_are_read_in_pages_from_either_end,
            lines_of_many_at_once_are_one_chain_without_gaps,
            what_is_archived_never_goes_back,
        );
    };
}

/// Of an audit log past which somebody writes.
macro_rules! tampered_log_conformance {
    ($beside:ident, $($check:ident),+ $(,)?) => {
        mod tampered_log {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let (store, somebody) = super::$beside().await;
                crate::audit_log::$check(&store, &somebody).await;
            })+
        }
    };
    ($beside:ident) => {
        tampered_log_conformance!(
            $beside,
            an_altered_line_is_found,
            a_line_altered_together_with_its_hash_is_found,
            a_removed_line_is_found,
            a_cut_tail_is_found,
            an_end_that_was_moved_stops_every_change,
        );
    };
}

/// Everything that the console keeps.
macro_rules! console_conformance {
    ($empty:ident, $beside:ident) => {
        proposals_conformance!($empty);
        ledger_conformance!($empty);
        sessions_conformance!($empty);
        login_guard_conformance!($empty);
        console_tokens_conformance!($empty);
        golden_payloads_conformance!($empty);
        audit_log_conformance!($empty);
        tampered_log_conformance!($beside);
    };
}

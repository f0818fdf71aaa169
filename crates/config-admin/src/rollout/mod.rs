//! What follows a promotion: acknowledgement by every replica, baking, rollback, notices.

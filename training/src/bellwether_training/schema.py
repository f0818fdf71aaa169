"""The inputs of the churn model by name and kind, and what the feature plan does with each.

What clients look like belongs to `population`; how features are fitted belongs to `features`.
"""

NUMERIC = (
    "activity_score",
    "propensity_score",
    "profile_score_new",
    "completeness_score",
    "xp_points",
    "profile_score",
    "portfolio_score",
    "mouse_movement",
    "average_stars",
)
"""Inputs that are numbers."""

CATEGORICAL = {
    "ad_target_group": 5,
    "marketing_message": 3,
    "device_type": 6,
    "all_star_group": 4,
    "mouse_x": 8,
    "coupon_code": 10,
    "ad_engagement_group": 7,
    "user_group": 9,
    "browser_type": 8,
    "email_code": 12,
    "marketing_creative": 14,
    "secondary_user_group": 11,
    "promotion_category": 9,
    "marketing_campaign": 20,
    "mouse_y": 8,
    "marketing_channel": 16,
    "marketing_creative_sub": 18,
    "site_level": 12,
}
"""Inputs that are categories, and how many levels (`level_1` … `level_N`) each has."""

DATES = ("acquired_date",)
"""Inputs that are dates, `YYYY-MM-DD`."""

CLIPPED_AT_ZERO = ("mouse_movement", "propensity_score", "completeness_score", "profile_score", "average_stars")
"""Numeric inputs where a value below zero means zero."""

LOGGED = ("xp_points", "mouse_movement")
"""Numeric inputs so skewed that their logarithm is modelled."""

RATIO = ("profile_score_activity_score_ratio", "profile_score", "activity_score")
"""The ratio feature: its name, its numerator, its denominator."""

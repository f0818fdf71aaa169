use bellwether_core::config::Percentage;
use uuid::Uuid;

use super::*;

/// Clients `c0`, `c1`, …, each with less at risk than the one before, whom anybody may ask for.
struct Ranked(Vec<Standing>);

impl Ranked {
    fn new(count: u32) -> Self {
        Self((0..count).map(|n| standing(&format!("c{n}"), f64::from(count - n))).collect())
    }
}

fn standing(client_id: &str, ltv: f64) -> Standing {
    Standing {
        client_id: client_id.to_owned(),
        uid: Uuid::nil(),
        at: DateTime::UNIX_EPOCH,
        treatment: Treatment::Model,
        model: Some("m".to_owned()),
        prediction: Some(0.5),
        high_risk: true,
        ltv,
        config_version: 1,
    }
}

#[async_trait::async_trait]
impl Standings for Ranked {
    async fn flagged(
        &self,
        _: DateTime<Utc>,
        after: Option<(f64, &str)>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let begin = after.map_or(0, |(at_risk, id)| {
            self.0.partition_point(|s| (s.at_risk(), s.client_id.as_str()) >= (at_risk, id))
        });
        Ok(self.0.iter().skip(begin).take(limit as usize).cloned().collect())
    }

    async fn standing_of(&self, _: &str) -> Result<Option<Standing>, StoreError> {
        Ok(None)
    }
}

fn holding_out(percent: f64) -> ConfigDocument {
    let holdout_percentage = Percentage::try_from(percent).unwrap();
    ConfigDocument { holdout_percentage, ..ConfigDocument::initial("m") }
}

async fn all(query: FlaggedQuery<'_>, standings: &Ranked, limit: usize) -> Vec<Standing> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = query.page(standings, after, limit).await.unwrap();
        assert!(page.clients.len() <= limit);
        all.extend(page.clients);
        let Some(next) = page.next else { return all };
        after = Some(next.to_string().parse().unwrap());
    }
}

#[tokio::test]
async fn pages_hold_everyone_once_but_for_those_who_are_held_out() {
    let standings = Ranked::new(1_700);
    let config = holding_out(30.0);
    let query = FlaggedQuery { config: &config, since: DateTime::UNIX_EPOCH };
    let expected: Vec<Standing> = standings
        .0
        .iter()
        .filter(|s| assign(&config, &s.client_id).treatment != Treatment::Holdout)
        .cloned()
        .collect();
    assert!((1_000..1_400).contains(&expected.len()), "{}", expected.len());
    for limit in [1, 7, 500, 5_000] {
        assert_eq!(all(query, &standings, limit).await, expected, "{limit}");
    }
    let summary = query.summary(&standings, 50).await.unwrap();
    assert_eq!((summary.top.as_slice(), summary.clients), (&expected[..50], expected.len() as u64));
    let at_risk: f64 = expected.iter().map(Standing::at_risk).sum();
    assert!((summary.at_risk - at_risk).abs() < 1e-6);
}

#[tokio::test]
async fn a_page_ends_where_the_list_does() {
    let config = holding_out(0.0);
    let query = FlaggedQuery { config: &config, since: DateTime::UNIX_EPOCH };
    let page = query.page(&Ranked::new(3), None, 3).await.unwrap();
    assert_eq!((page.clients.len(), page.next), (3, None));
    let page = query.page(&Ranked::new(0), None, 3).await.unwrap();
    assert_eq!(page, FlaggedPage { clients: Vec::new(), next: None });
}

#[tokio::test]
async fn where_nearly_everyone_is_held_out_a_page_is_short_and_the_next_goes_on() {
    let standings = Ranked::new(STEP * STEPS_A_PAGE + 10);
    let config = holding_out(100.0);
    let query = FlaggedQuery { config: &config, since: DateTime::UNIX_EPOCH };
    let page = query.page(&standings, None, 10).await.unwrap();
    assert!(page.clients.is_empty() && page.next.is_some());
    assert_eq!(all(query, &standings, 10).await, []);
}

#[test]
fn a_cursor_is_read_back_and_nothing_else_is() {
    for (at_risk, id) in [(0.1 + 0.2, "c"), (-5.5, "größer/ &?"), (f64::MAX, "🦀")] {
        let cursor = FlaggedCursor { at_risk, client_id: id.to_owned() };
        let text = cursor.to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
        assert_eq!(text.parse(), Ok(cursor));
    }
    let infinite = format!("{:016x}63", f64::INFINITY.to_bits());
    for text in [
        "",
        "c",
        "3ff0000000000000",
        "3ff0000000000000zz",
        "3ff0000000000000ff",
        "+ff000000000000063",
        "ééééééééé",
        &infinite,
    ] {
        assert_eq!(text.parse::<FlaggedCursor>(), Err(NoCursor), "{text}");
    }
}

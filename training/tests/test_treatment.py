"""The algorithm that docs/treatment.md gives to other systems gives what its own test vectors say."""

import json
import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "treatment.md").read_text()
VECTOR = re.compile(r"^\| `(\w+)` \| `(\".*\")` \| (\d+) \| (\d+) \| (.+) \|$", re.MULTILINE)
CONFIG = {
    "arms": [{"model": "a", "percentage": 70}, {"model": "b", "percentage": 30}],
    "heuristic_percentage": 10,
    "holdout_percentage": 5,
}


def test_the_page_s_own_text_computes_its_vectors() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code
    names: dict = {}
    exec(code[1], names)  # noqa: S102
    vectors = VECTOR.findall(PAGE)
    assert len(vectors) >= 16
    for salt, quoted, treatment, arm, gets in vectors:
        client = json.loads(quoted)
        drawn = names["draw"](salt, "treatment", client), names["draw"](salt, "arm", client)
        assert drawn == (int(treatment), int(arm)), client
        got, model = names["assign"]({**CONFIG, "experiment_salt": salt}, client)
        assert gets == (f"model `{model}`" if got == "model" else got), client

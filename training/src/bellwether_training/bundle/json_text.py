"""The text of a manifest: JSON that reads back as the same numbers, one feature or row a line."""

import json


def manifest_text(manifest: dict) -> str:
    """The manifest as JSON, ending in a newline; refuses numbers that are not finite."""
    return "{\n" + ",\n".join(f"{_text(key)}: {_entry(value)}" for key, value in manifest.items()) + "\n}\n"


def _entry(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_text(item) for item in value) + "\n]"
    return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)

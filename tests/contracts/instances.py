"""Any instance that a message class allows, drawn from its JSON schema."""

from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from bus.message import Message

Schema = dict[str, Any]


def instances(cls: type[Message]) -> st.SearchStrategy[Message]:
    """Built and validated by the class itself, so a strategy that is too wide fails and hides nothing."""
    schema = cls.model_json_schema()
    return values(schema, schema.get("$defs", {})).map(cls.model_validate)


def values(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return values(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return st.one_of([values(choice, definitions) for choice in choices])
    return OF_TYPE[schema["type"]](schema, definitions)


def objects(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    fields = {name: values(field, definitions) for name, field in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    if not fields:
        return st.dictionaries(st.text(max_size=5), st.integers(), max_size=2)
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def arrays(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    fewest = schema.get("minItems", 0)
    return st.lists(values(schema["items"], definitions), min_size=fewest, max_size=min(fewest + 3, most(schema)))


def most(schema: Schema) -> int:
    return int(schema.get("maxItems", 1000))


def strings(schema: Schema, _: Schema) -> st.SearchStrategy[Any]:
    match schema.get("format"):
        case "uuid":
            return st.uuids()
        case "date-time":
            return st.datetimes(timezones=st.just(UTC))
    pattern = schema.get("pattern", "^[^\\x00]*$")
    if "A-Z" in pattern:
        return st.from_regex(pattern, fullmatch=True)
    text = st.characters(exclude_categories=["Cs"], exclude_characters="\x00" if "x00" in pattern else "")
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", 5000)
    edge = st.just("x" * longest)  # what is just allowed to the writer must not be too long for a reader
    return st.one_of(edge, st.text(text, min_size=shortest, max_size=min(longest, shortest + 20)))


def integers(schema: Schema, _: Schema) -> st.SearchStrategy[Any]:
    return st.integers(schema.get("minimum", -(2**53)), schema.get("maximum", 2**53))


OF_TYPE = {
    "object": objects,
    "array": arrays,
    "string": strings,
    "integer": integers,
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}

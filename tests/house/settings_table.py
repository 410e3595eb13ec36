"""README's table of settings, made from `config.declared`. `python3 -m tests.house.settings_table` writes it anew."""

from pydantic.fields import FieldInfo

from config.declared import ROOT
from config.env import Env
from tests.house import tree

BEGIN = (
    "<!-- The table of settings: made from config/declared.py by `python3 -m tests.house.settings_table`. -->"
)
END = "<!-- End of the table of settings. -->"


def table() -> str:
    """The settings in their order, one row each."""
    rows = [
        f"| `{name}` | {default_of(field)} | {field.description} |"
        for name, field in Env.model_fields.items()
    ]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows])


def default_of(field: FieldInfo) -> str:
    """A default in words: never a development secret, never where this copy stands."""
    value = field.default
    if hasattr(value, "get_secret_value"):
        return "for development only" if value.get_secret_value() else "none"
    shown = str(value).replace(f"{ROOT}/", "")
    return f"`{shown}`" if shown else "none"


def in_readme() -> str:
    """The table as README has it."""
    _, _, rest = tree.text("README.md").partition(BEGIN)
    return rest.partition(END)[0].strip()


def write() -> None:
    """Put the present table into README."""
    before, _, rest = tree.text("README.md").partition(BEGIN)
    after = rest.partition(END)[2]
    (tree.ROOT / "README.md").write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()

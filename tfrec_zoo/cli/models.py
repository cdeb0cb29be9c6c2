"""`tfrec-zoo models`: what can be trained."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, get_type_hints

import typer

from tfrec_zoo._field_types import names_of
from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.tensorflow_noise import import_quietly


def models(
    model: Annotated[str | None, typer.Argument(help="Show the settings of this model or preset.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the names alone, one per line.")] = False,
) -> None:
    """List the models and presets, or the settings of one."""
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.models import get_model_class, get_preset, list_models, list_presets
    from tfrec_zoo.training import RunConfig

    if model is None:
        rows = [
            [name, (inspect.getdoc(get_model_class(name)) or "").splitlines()[0]] for name in list_models()
        ]
        for name in list_presets():
            preset = get_preset(name)
            rows.append([name, f"Preset of {preset.model}: {preset.description}."])
        columns = ["name", "what it is"]
    else:
        preset = get_preset(model)
        model_class = get_model_class(preset.model)
        chosen = {**model_class.run_defaults, **preset.config, **preset.run}
        rows = [
            [name, str(chosen.get(name, default)), told]
            for config in (model_class.config_class, RunConfig)
            for name, default, told in describe_fields(config)
        ]
        columns = ["setting", "default", "what it does"]
    out.table(f"Settings of {model}" if model else "Models", columns, rows)
    if quiet and not json:
        typer.echo("\n".join(row[0] for row in rows))
    out.json([dict(zip(columns, row, strict=True)) for row in rows])


def describe_fields(config: type) -> list[list[str]]:
    """Name, default, and docstring with the allowed values, of a dataclass's fields, its bases' too."""
    told: dict[str, str] = {}
    for base in reversed(config.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for line, after in zip(body.body, body.body[1:], strict=False):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and is_text:
                told[line.target.id] = " ".join(str(ast.literal_eval(after.value)).split())  # type: ignore[attr-defined]
    hints = get_type_hints(config, include_extras=True)
    return [[f.name, _default(f), told.get(f.name, "") + _choice(hints[f.name])] for f in fields(config)]


def _choice(hint: Any) -> str:
    names = names_of(hint)
    return f" One of: {', '.join(names)}." if names else ""


def _default(field: Field[Any]) -> str:
    return str(field.default if field.default_factory is MISSING else field.default_factory())

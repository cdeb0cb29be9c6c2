"""`tfrec-zoo quickstart`: the whole way on real data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tfrec_zoo.cli.console import Output
from tfrec_zoo.cli.tensorflow_noise import import_quietly

DATASET = "movielens/100k"
MODEL = "two_tower"
HYPER_PARAMETERS: dict[str, Any] = {"loss": "full"}


def quickstart(
    output: Annotated[Path, typer.Option(help="Folder of the export, the report and the plots.")] = Path(
        "quickstart"
    ),
    data_dir: Annotated[str | None, typer.Option(help="Folder that holds MovieLens-100K.")] = None,
    epochs: Annotated[int, typer.Option(help="Most epochs.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Fetch MovieLens-100K, train a two-tower model, rank the catalogue, export, load back, recommend."""
    out = Output(json, quiet)
    import_quietly()
    from tfrec_zoo.cli.data_options import load_dataset
    from tfrec_zoo.cli.progress import ConsoleProgress
    from tfrec_zoo.cli.recommend import show_recommendations
    from tfrec_zoo.experiment import Plan, execute
    from tfrec_zoo.export import check_target
    from tfrec_zoo.serving import load
    from tfrec_zoo.training import RunConfig

    check_target(output)
    plan = Plan(
        model=MODEL,
        dataset=load_dataset(DATASET, data_dir),
        output=output,
        hyper_parameters=HYPER_PARAMETERS,
        run=RunConfig(epochs=epochs, seed=seed),
        command=f"tfrec-zoo quickstart --epochs {epochs} --seed {seed}",
    )
    with ConsoleProgress(out) as progress:
        run = execute(plan, progress)
    user = str(run.split.test.user_id[0])
    mine = plan.dataset.interactions.take(plan.dataset.interactions.order_by_time())
    history = [str(item) for item in mine.item_id[mine.user_id == user]]
    found = load(output).recommend(history, user, 10)
    show_recommendations(out, user, found, plan.dataset.items)
    out.say(
        f"Ask for more: tfrec-zoo recommend {output} --user {user} --history {','.join(history[-3:])} -k 5"
    )
    out.json(run.report)

"""The command line: `run`, `list`, `table`, `plot`, `compare`, `profile`, `contractions`, `operations`, `page`.

    python -m benchmarks run [further] [problem ...] [--sizes small|full] [--peers NAME,...] [--repeats N] [--threads N]
                             [--budget SECONDS] [--clock elapsed|processor] [--out FILE]
    python -m benchmarks list
    python -m benchmarks table FILE [--markdown] [--peers]
    python -m benchmarks plot FILE [PICTURE]
    python -m benchmarks compare OLD NEW
    python -m benchmarks profile [problem ...] [--sizes small|full] [--out FILE]
    python -m benchmarks contractions [--only TEXT] [--repeats N] [--clock elapsed|processor] [--out FILE]
    python -m benchmarks operations [--out FILE]
    python -m benchmarks page

`run` ends with an error if the derivative by hand or that of this library fails or is wrong somewhere.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

MARK = "JACOBIANS_BENCHMARK_THREADS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what it needs is imported when the number of threads is settled."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    return options.command(options, given)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="measure problems, and store the result")
    run.add_argument(
        "problems",
        nargs="*",
        metavar="problem",
        help="names as `list` prints them, or `further` for all beyond the table; those of the table by default",
    )
    run.add_argument("--sizes", choices=("small", "full"), default="full")
    run.add_argument("--peers", default="", help="beginnings of names, separated by commas: hand,ours,jax")
    run.add_argument("--repeats", type=int, default=25, help="turns (25)")
    run.add_argument("--budget", type=float, default=20.0, help="seconds after which a way gets no more turns (20)")
    run.add_argument(
        "--clock", choices=("elapsed", "processor"), default="elapsed", help="processor time, if the machine is shared"
    )
    run.add_argument("--threads", type=int, default=1, help="threads of every library (1)")
    run.add_argument("--out", type=Path, help="file for the result (JSON)")
    run.set_defaults(command=run_command)

    commands.add_parser("list", help="problems, sizes, peers").set_defaults(command=list_command)

    table = commands.add_parser("table", help="the table of a stored run")
    table.add_argument("file", type=Path)
    table.add_argument("--markdown", action="store_true", help="for a page of the documentation")
    table.add_argument("--peers", action="store_true", help="every way of every peer, instead of the best")
    table.set_defaults(command=table_command)

    plot = commands.add_parser("plot", help="pictures of a stored run")
    plot.add_argument("file", type=Path)
    plot.add_argument("picture", type=Path, nargs="?", help="FILE with .png, by default")
    plot.set_defaults(command=plot_command)

    profile = commands.add_parser("profile", help="where the time of a problem goes")
    profile.add_argument("problems", nargs="*", metavar="problem", help="a few of each kind by default")
    profile.add_argument("--sizes", choices=("small", "full"), default="full")
    profile.add_argument("--out", type=Path, help="file for the result (JSON)")
    profile.set_defaults(command=profile_command)

    contractions = commands.add_parser("contractions", help="contractions against einsum, opt_einsum and cotengra")
    contractions.add_argument("--only", default="", help="those with this text in their name, or with this expression")
    contractions.add_argument("--repeats", type=int, default=25, help="turns (25)")
    contractions.add_argument("--clock", choices=("elapsed", "processor"), default="elapsed")
    contractions.add_argument("--out", type=Path, help="file for the result (JSON)")
    contractions.set_defaults(command=contractions_command)
    operations = commands.add_parser("operations", help="what one operation on a tiny array costs")
    operations.add_argument("--out", type=Path, help="file for the result (JSON)")
    operations.set_defaults(command=operations_command)

    page = commands.add_parser("page", help="put the tables of the stored results into the documentation")
    page.set_defaults(command=page_command)

    compare = commands.add_parser("compare", help="two stored runs")
    compare.add_argument("old", type=Path)
    compare.add_argument("new", type=Path)
    compare.set_defaults(command=compare_command)
    return whole


def run_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    settle_threads(options.threads, given)
    from .further import FURTHER
    from .problems import PROBLEMS
    from .records import Run, environment, save
    from .runner import run_problems
    from .tables import cost_table, speed_table

    every, names = PROBLEMS | FURTHER, []
    for name in options.problems or PROBLEMS:
        names += FURTHER if name == "further" else [name]
    unknown = [name for name in names if name not in every]
    if unknown:
        print(f"There is no problem {', '.join(unknown)}. There are: {', '.join(every)}, further.", file=sys.stderr)
        return 2
    about = environment(options.threads, given, options.clock)
    chosen = [every[name] for name in names]
    rows = run_problems(
        chosen,
        sizes=options.sizes,
        names=[name for name in options.peers.split(",") if name],
        repeats=options.repeats,
        budget=options.budget,
        clock=options.clock,
        threads=options.threads,
        report=lambda line: print(line, flush=True),
        keep=lambda rows: save(Run(rows, about), options.out) if options.out else None,
    )
    run = Run(rows, about)
    print(f"\n{speed_table(run)}\n\n{cost_table(run)}")
    return 1 if any(row.status in ("wrong", "failed") and row.peer in ("hand", "ours") for row in rows) else 0


def settle_threads(threads: int, given: Sequence[str]) -> None:
    """Start again with the number of threads in the environment, which libraries read when they are imported."""
    count = str(threads)
    if os.environ.get(MARK) == count:
        return
    names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")
    settings = {f"{name}_NUM_THREADS": count for name in names}
    settings |= {
        MARK: count,
        "NPROC": count,
        "JAX_ENABLE_X64": "1",
        "JAX_PLATFORMS": "cpu",
        "OPENBLAS_THREAD_TIMEOUT": "4",  # else idle threads take the cores of who comes next for some milliseconds
        "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow comes with neural-tangents
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }
    if threads == 1:
        settings["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ.update(settings)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *given])


def list_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    from .further import FURTHER
    from .peers import PEERS, unavailable
    from .problems import PROBLEMS

    for family in (PROBLEMS, FURTHER):
        for problem in family.values():
            print(f"{problem.name:24}{problem.title}: {'; '.join(problem.full)}")
        print()
    for peer in PEERS:
        print(f"{peer.name:24}{unavailable(peer) or 'takes part'}")
    return 0


def table_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    from .records import load
    from .tables import cost_table, peer_table, speed_table

    tables = (peer_table,) if options.peers else (speed_table, cost_table)
    print("\n\n".join(table(load(options.file), markdown=options.markdown) for table in tables))
    return 0


def profile_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    settle_threads(1, given)
    import json

    from .further import FURTHER
    from .problems import PROBLEMS
    from .profiling import profile_tables, profiled

    typical = ("affine", "mlp-gradient", "logistic", "tangent-kernel", "wave-diagonal", "brusselator", "bundle", "hvp")
    every = PROBLEMS | FURTHER
    found = {name: profiled(every[name], options.sizes) for name in options.problems or typical}
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(profile_tables({}, found))
    return 0


def contractions_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    settle_threads(1, given)
    from .contests import contest_summary, contest_table, contests, save_contests
    from .records import environment

    about, found = environment(1, given, options.clock), []
    turns = {"only": options.only, "repeats": options.repeats, "clock": options.clock}
    for contest in contests(**turns, report=lambda line: print(line, flush=True)):
        found.append(contest)
        if options.out:
            save_contests(found, about, options.out)
    print(f"\n{contest_table(found)}\n\n{contest_summary(found)}")
    return 0


def operations_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    settle_threads(1, given)
    import json

    from .operations import measured
    from .records import environment

    found = {"environment": environment(1, given, "processor"), "microseconds": measured()}
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def page_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    from .page import write_pages

    write_pages()
    return 0


def plot_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    from .plots import save_ratios
    from .records import load

    picture = options.picture or options.file.with_suffix(".png")
    save_ratios(load(options.file), picture)
    print(picture)
    return 0


def compare_command(options: argparse.Namespace, given: Sequence[str]) -> int:
    from .comparing import comparison
    from .records import load

    print(comparison(load(options.old), load(options.new)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`axpair emulator faults`."""

import json

import click


@click.command("faults")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def faults_command(as_json: bool) -> None:
    """List the faults that can be injected: --board 'emulator:?fault=NAME'."""
    from axpair_emulator.faults.catalogue import FAULTS

    if as_json:
        faults = [
            {
                "name": info.name,
                "summary": info.summary,
                "code": info.code,
                "parameters": {
                    key: {"default": one.default, "meaning": one.meaning} for key, one in info.parameters.items()
                },
            }
            for info in FAULTS.values()
        ]
        click.echo(json.dumps({"schema_version": 1, "faults": faults}))
        return
    width = max(map(len, FAULTS))
    for info in FAULTS.values():
        click.echo(f"{info.name:<{width}}  {info.code or '-':<6}  {info.summary}")
        for key, one in info.parameters.items():
            click.echo(f"{'':<{width}}          {key}={one.default}  {one.meaning}")

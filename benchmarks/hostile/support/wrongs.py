"""Every way of being a wrong agent, by name."""

from benchmarks.hostile.support import wrong_answers, wrong_calls, wrong_ports, wrong_runs
from benchmarks.hostile.support.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    f"{scenario.command}: {scenario.name}": scenario
    for module in (wrong_calls, wrong_answers, wrong_runs, wrong_ports)
    for scenario in module.scenarios()
}

"""Reports the results of scenarios: lines for people, and JUnit XML for a CI."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from agent.evaluation.run import Result


def lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a table: each scenario, and below it its problems and notes."""
    width = max(len(result.scenario.name) for result in results)
    for result in results:
        state = "FAILED" if result.problems else "passed"
        turns = len(result.scenario.turns)
        yield f"{state}  {result.scenario.name:{width}}  turns: {turns:2}  {result.seconds:6.1f} s"
        yield from (f"        {text}" for text in (*result.problems, *result.notes))
    failed = sum(bool(result.problems) for result in results)
    yield f"{len(results) - failed} passed, {failed} failed"


def junit(persona: str, results: Sequence[Result]) -> str:
    """Return the results as JUnit XML, a test case for each scenario.

    Args:
        persona: The name of the suite.
        results: Of the scenarios.
    """
    suite = ET.Element(
        "testsuite",
        name=persona,
        tests=str(len(results)),
        failures=str(sum(bool(result.problems) for result in results)),
        errors="0",
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ET.SubElement(
            suite, "testcase", classname=persona, name=result.scenario.name, time=f"{result.seconds:.3f}"
        )
        if result.problems:
            failure = ET.SubElement(case, "failure", message=_valid(result.problems[0]))
            failure.text = _valid("\n".join(result.problems))
        if result.notes:
            ET.SubElement(case, "system-out").text = _valid("\n".join(result.notes))
    suites = ET.Element("testsuites")
    suites.append(suite)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True)


def _valid(text: str) -> str:
    """Leave out control characters, which XML does not allow."""
    return "".join(character for character in text if character >= " " or character in "\n\t")

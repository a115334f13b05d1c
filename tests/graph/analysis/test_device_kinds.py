"""What events say of the device that they came from."""

import pytest

from graph.analysis.device_kinds import APP, COMPUTER, OTHER, PHONE, TABLET, UNKNOWN, read_kind

PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
TABLET_AGENT = "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
COMPUTER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ([], UNKNOWN),
        ([("device_type", '"Mobile"')], PHONE),
        ([("platform", '"iOS"'), ("device_type", '"tablet"')], TABLET),
        ([("os", '"Windows"')], COMPUTER),
        ([("channel", '"app"')], APP),
        ([("device_type", '"tv"')], OTHER),
        ([("user_agent", f'"{PHONE_AGENT}"')], PHONE),
        ([("context.userAgent", f'"{TABLET_AGENT}"')], TABLET),
        ([("userAgent", f'"{COMPUTER_AGENT}"')], COMPUTER),
        ([("device_type", "7"), ("os", "null"), ("user_agent", '"curl"')], UNKNOWN),
        ([("device_type", '"toaster"'), ("os", '"android"')], PHONE),
        ([("lat", "48.8")], UNKNOWN),
    ],
)
def test_the_first_property_that_says_something_counts(properties: list[tuple[str, str]], kind: int) -> None:
    assert read_kind(properties) == kind

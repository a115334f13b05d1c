"""What the calls answer, as the OpenAPI document shows it: one module a capability."""

// What does something where it is only meant to be shown: on a terminal, in the log of a CI job.
#pragma once

#include <string_view>

namespace dcache::text {

// Whether a terminal or an editor acts on the character instead of showing it: control characters, and those
// that change the direction of text or end a line.
// Source: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
bool is_control(char32_t rune);

// Whether the text starts with what the logs of GitHub Actions and Azure Pipelines take for a command
// wherever it is in a line: `##[…]`, `##vso[…]`. Source: https://github.com/actions/runner,
// src/Runner.Common/ActionCommand.cs
bool starts_log_command(std::string_view text);

}  // namespace dcache::text

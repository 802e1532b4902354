#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::rules::DC4014 {
namespace {

using dockerfile::Instruction;

constexpr std::string_view kSetting = "erroractionpreference";

bool is_powershell(std::string_view program) {
  std::string name = text::to_lower(program.substr(program.find_last_of("/\\") + 1));
  if (name.ends_with(".exe")) name.resize(name.size() - 4);
  return name == "powershell" || name == "pwsh";
}

bool mentions_setting(std::string_view text) {
  return text::to_lower(text).find(kSetting) != std::string::npos;
}

bool goes_on(const Instruction& shell) {
  return !shell.arguments.empty() && is_powershell(shell.arguments.front().text) &&
         std::ranges::none_of(shell.arguments,
                              [](const dockerfile::Word& word) { return mentions_setting(word.text); });
}

// Several statements: of a single one PowerShell tells whether it failed.
bool has_several_statements(std::string_view script) {
  const std::string_view text = text::trim(script);
  const size_t separator = text.find_first_of(";\n");
  return separator != std::string_view::npos && separator + 1 < text.size();
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& shell : dockerfile.file().instructions()) {
    if (shell.keyword != dockerfile::Keyword::kShell || !goes_on(shell)) continue;
    const bool hides = std::ranges::any_of(dockerfile.runs(), [&](const lint::Run& run) {
      return run.shell == &shell && run.shell_form && has_several_statements(run.script) &&
             !mentions_setting(run.script);
    });
    if (!hides) continue;
    std::string program;
    text::JsonWriter(program).value(shell.arguments.front().text);
    reporter.report(shell.span,
                    "PowerShell goes on after a command that fails, so the build does not notice it",
                    fmt::format("write SHELL [{}, \"-Command\", \"$ErrorActionPreference = 'Stop'; "
                                "$ProgressPreference = 'SilentlyContinue';\"]",
                                program));
  }
}

constexpr std::string_view kReferences[] = {
    "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/"
    "about_preference_variables",
    "https://docs.docker.com/reference/dockerfile/#shell"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4014",
          .name = "powershell-continues",
          .level = lint::Level::kWarning,
          .summary = "SHELL starts PowerShell without `$ErrorActionPreference = 'Stop'`",
          .rationale =
              "PowerShell goes on after most errors, and only the last statement decides whether the RUN "
              "fails: a download that failed is noticed when the container starts. With "
              "`$ErrorActionPreference = 'Stop'` the first error stops the build. `$ProgressPreference = "
              "'SilentlyContinue'` makes downloads faster, because no progress is drawn.",
          .bad = {"FROM mcr.microsoft.com/windows/servercore:ltsc2022\n"
                  "SHELL [\"powershell\", \"-Command\"]\n"
                  "RUN Invoke-WebRequest https://example.com/a.zip -OutFile a.zip; Expand-Archive a.zip; "
                  "Remove-Item a.zip\n"},
          .good = {"FROM mcr.microsoft.com/windows/servercore:ltsc2022\n"
                   "SHELL [\"powershell\", \"-Command\", \"$ErrorActionPreference = 'Stop';\"]\n"
                   "RUN Invoke-WebRequest https://example.com/a.zip -OutFile a.zip; Expand-Archive a.zip; "
                   "Remove-Item a.zip\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4014

#include "tests/fuzz/targets.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

#include <expat.h>
#include <nlohmann/json.hpp>

#include "dcache/report/printable_lines.h"
#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"

namespace dcache::fuzz {

std::span<const Target> targets() {
  static constexpr std::array kTargets{
      Target{"dockerfile", run_dockerfile},
      Target{"build", run_build},
      Target{"expand", run_expand},
      Target{"shell", run_shell},
      Target{"ignore", run_ignore},
      Target{"glob", run_glob},
      Target{"settings", run_settings},
      Target{"hadolint-config", run_hadolint_config},
      Target{"baseline", run_baseline},
      Target{"compose", run_compose},
      Target{"bake", run_bake},
      Target{"bake-json", run_bake_json},
      Target{"skaffold", run_skaffold},
      Target{"workflow", run_workflow},
      Target{"gitlab", run_gitlab},
      Target{"state", run_state},
      Target{"store", run_store},
      Target{"durations", run_durations},
      Target{"framing", run_framing},
      Target{"lsp", run_lsp},
      Target{"log", run_log},
  };
  return kTargets;
}

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(targets(), name, &Target::name);
  return found == targets().end() ? nullptr : &*found;
}

void expect(bool kept, std::string_view promise, std::string_view shown) {
  if (kept) return;
  std::cerr << "broken promise: " << promise << '\n' << shown << '\n';
  std::abort();
}

std::vector<std::string_view> parts(std::string_view input) {
  std::vector<std::string_view> found;
  for (;;) {
    const size_t end = input.find('\0');
    found.push_back(input.substr(0, end));
    if (end == std::string_view::npos) return found;
    input.remove_prefix(end + 1);
  }
}

void expect_printable(std::string text, std::string_view of) {
  const std::string shown = report::printable_lines(std::move(text));
  bool starts_line = true;
  for (std::string_view rest = shown; !rest.empty();) {
    const text::Rune rune = text::decode_rune(rest);
    const bool is_layout = rune.value == '\n' || rune.value == '\t' || rune.value == '\r';
    expect(is_layout || !text::is_control(rune.value), "no control characters in text", of);
    expect(!text::starts_log_command(rest), "no command for a log", of);
    expect(!(starts_line && rest.starts_with("::")), "no line is a command for a log", of);
    starts_line = rune.value == '\n';
    rest.remove_prefix(rune.width);
  }
}

void expect_json(const std::string& text, std::string_view of) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  expect(!json.is_discarded(), "well-formed JSON", of);
  expect(nlohmann::json::parse(report::printable_lines(text), nullptr, false) == json,
         "JSON means the same as it is printed", of);
  expect_printable(text, of);
}

void expect_xml(const std::string& text, std::string_view of) {
  XML_Parser parser = XML_ParserCreate("UTF-8");
  const bool good = XML_Parse(parser, text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
  XML_ParserFree(parser);
  expect(good, "well-formed XML", of);
  expect_printable(text, of);
}

}  // namespace dcache::fuzz

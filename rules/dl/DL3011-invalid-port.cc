#include <charconv>

#include <fmt/format.h>

#include "dcache/lint/rule.h"

namespace dcache::rules::DL3011 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr unsigned kHighest = 65535;

bool is_too_high(std::string_view number) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
  return failure == std::errc::result_out_of_range ||
         (failure == std::errc() && end != number.data() && value > kHighest);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != Keyword::kExpose) continue;
    for (const dockerfile::Word& port : instruction.arguments) {
      const size_t dash = port.text.find('-');
      const bool second = dash != std::string_view::npos && is_too_high(port.text.substr(dash + 1));
      if (!is_too_high(port.text) && !second) continue;
      reporter
          .report(instruction.span,
                  fmt::format("{} is not a port: the highest port is {}", port.text, kHighest),
                  "use a port from 0 to 65535")
          .focus = port.span;
      break;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3011",
          .name = "invalid-port",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "EXPOSE names a port that does not exist",
          .rationale =
              "Ports are numbers from 0 to 65535. The engine refuses others when the image is built or "
              "run.",
          .bad = {"FROM debian:12\n"
                  "EXPOSE 80000\n"},
          .good = {"FROM debian:12\n"
                   "EXPOSE 8000\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3011

// What users configure: .dcache.toml, .hadolint.yaml, baselines.
#include <string>
#include <vector>

#include "dcache/lint/catalogue.h"
#include "dcache/lint/config.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/report/baseline.h"
#include "tests/fuzz/targets.h"

namespace dcache::fuzz {
namespace {

const std::vector<std::string_view>& names() {
  static const std::vector<std::string_view> names = lint::known_names(lint::catalogue());
  return names;
}

void expect_use(const tl::expected<lint::Config, lint::ConfigError>& config) {
  if (!config) {
    expect(!config.error().message.empty(), "a configuration that is wrong has a reason");
    return;
  }
  const std::string toml = lint::to_toml(*config);
  const auto again = lint::read_config(toml, names());
  expect(again.has_value(), "a configuration can be written and read", toml);
  expect(lint::to_toml(*again) == toml, "a configuration stays the same", toml);
  if (const auto settings = lint::FileSettings::compile(*config))
    static_cast<void>(settings->of("services/api/Dockerfile"));
  static_cast<void>(lint::Linter(lint::catalogue(), *config));
}

}  // namespace

void run_settings(std::string_view input) {
  expect_use(lint::read_config(std::string(input), names()));
}

void run_hadolint_config(std::string_view input) {
  std::vector<lint::ConfigError> notes;
  expect_use(lint::read_hadolint_config(std::string(input), names(), notes));
}

void run_baseline(std::string_view input) {
  const auto baseline = report::Baseline::read(std::string(input));
  if (!baseline) {
    expect(!baseline.error().empty(), "a baseline that can't be read has a reason");
    return;
  }
  const std::string json = baseline->to_json();
  const auto again = report::Baseline::read(json);
  expect(again && again->to_json() == json, "a baseline stays the same", json);
}

}  // namespace dcache::fuzz

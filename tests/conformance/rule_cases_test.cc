// The small cases that hadolint's rules were recorded on.
#include <cstdio>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;

// As the case gives it, in the words of our configuration.
lint::Config config_of(const json& record) {
  lint::Config config;
  config.select = {record.at("rule").get<std::string>()};
  if (!record.contains("config") || record.at("config").is_null()) return config;
  for (const auto& [key, value] : record.at("config").items()) {
    if (value.is_null()) continue;
    if (key == "trusted-registries") config.trusted_registries = value.get<std::vector<std::string>>();
    if (key == "strict-labels") config.strict_labels = value.get<bool>();
    if (key != "label-schema") continue;
    for (const auto& [label, type] : value.items())
      config.label_schema[label] = *lint::label_type_of(type.get<std::string>());
  }
  return config;
}

// Every RUN of the text under ONBUILD.
std::string as_triggers(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string line = text.substr(at, end - at);
    result += line.starts_with("RUN") ? "ONBUILD " + line : line;
    at = end;
  }
  return result;
}

TEST(RecordedRuleCases, Hold) {
  DCACHE_NEEDS_ORACLE();
  int cases = 0;
  ASSERT_TRUE(conformance::for_each_record("rule-cases.jsonl", [&](const json& record) {
    const lint::Config config = config_of(record);
    const lint::Linter linter(lint::catalogue(), config);
    const std::string given = record.at("dockerfile");
    const dockerfile::File file =
        dockerfile::parse(record.value("onbuild", false) ? as_triggers(given) : given);
    int found = 0;
    for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics)
      found += diagnostic.rule == config.select.front() ? 1 : 0;
    const json& expected = record.at("expect");
    EXPECT_TRUE(expected == "some" ? found > 0 : found == expected.get<int>())
        << config.select.front() << ": expected " << expected << ", found " << found << "\n"
        << file.source();
    ++cases;
  }));
  std::printf("%d cases\n", cases);
  EXPECT_GT(cases, 0);
}

}  // namespace
}  // namespace dcache

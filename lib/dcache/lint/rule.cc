#include "dcache/lint/rule.h"

namespace dcache::lint {
namespace {

// "StageNameCasing" as "stage-name-casing"; letters of an abbreviation stay together: "JSONArgs" is
// "json-args".
std::string kebab_case(std::string_view name) {
  const auto is_upper = [&](size_t i) { return i < name.size() && name[i] >= 'A' && name[i] <= 'Z'; };
  std::string words;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool starts_word =
        is_upper(i) && i > 0 && (!is_upper(i - 1) || (i + 1 < name.size() && !is_upper(i + 1)));
    if (starts_word) words += '-';
    words += static_cast<char>(is_upper(i) ? name[i] | 0x20 : name[i]);
  }
  return words;
}

}  // namespace

std::vector<std::string> references_of(const Rule& rule) {
  std::vector<std::string> references;
  if (rule.origin == Origin::kHadolint)
    references.push_back("https://github.com/hadolint/hadolint/wiki/" + std::string(rule.code));
  if (rule.origin == Origin::kBuildkit)
    references.push_back("https://docs.docker.com/reference/build-checks/" + kebab_case(rule.code) + "/");
  references.insert(references.end(), rule.references.begin(), rule.references.end());
  return references;
}

}  // namespace dcache::lint

#include "rules/hadolint.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::rules {

bool answers_as_hadolint(const lint::Dockerfile& dockerfile, std::string_view code) {
  const lint::Config& config = dockerfile.config();
  return config.profile == lint::Profile::kHadolint ||
         std::ranges::any_of(config.select, [&](const std::string& selected) {
           return text::equals_ignoring_case(selected, code);
         });
}

}  // namespace dcache::rules

#include "dcache/dockerfile/keyword.h"

#include <array>

#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 19> kKeywordNames = {
    "",       "ADD",        "ARG",         "CMD",    "COPY",       "ENTRYPOINT", "ENV",
    "EXPOSE", "FROM",       "HEALTHCHECK", "LABEL",  "MAINTAINER", "ONBUILD",    "RUN",
    "SHELL",  "STOPSIGNAL", "USER",        "VOLUME", "WORKDIR",
};

}  // namespace

Keyword keyword_of(std::string_view name) {
  if (name.size() < 3 || name.size() > 11) return Keyword::kUnknown;
  for (size_t i = 1; i < kKeywordNames.size(); ++i) {
    if (kKeywordNames[i].size() == name.size() && kKeywordNames[i][0] == text::ascii_upper(name[0]) &&
        text::equals_ignoring_case(kKeywordNames[i], name)) {
      return static_cast<Keyword>(i);
    }
  }
  return Keyword::kUnknown;
}

std::string_view name_of(Keyword keyword) {
  return kKeywordNames[static_cast<size_t>(keyword)];
}

}  // namespace dcache::dockerfile

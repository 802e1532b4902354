#include "dcache/text/failure.h"

#include <fmt/format.h>

namespace dcache::text {

std::string words_of(const Failure& failure) {
  std::string line;
  if (failure.line != 0) line = fmt::format("{}:{}:", failure.path, failure.line);
  if (failure.line != 0 && failure.column != 0) line += fmt::format("{}:", failure.column);
  if (!line.empty()) line += ' ';
  line += failure.message;
  if (!failure.remedy.empty()) line += "; " + failure.remedy;
  return line;
}

}  // namespace dcache::text

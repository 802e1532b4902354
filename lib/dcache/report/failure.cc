#include "dcache/report/failure.h"

#include <fmt/format.h>

namespace dcache::report {

std::string words_of(const cache::Failure& failure) {
  std::string line;
  if (failure.line != 0) line = fmt::format("{}:{}:{}: ", failure.path, failure.line, failure.column);
  line += failure.message;
  if (!failure.remedy.empty()) line += "; " + failure.remedy;
  return line;
}

}  // namespace dcache::report

// An error that the user can fix: the one type of errors in public interfaces.
#pragma once

#include <cstdint>
#include <string>

namespace dcache::text {

struct Failure {
  std::string path;     // of the file it is about; empty for none
  uint32_t line = 0;    // from 1; 0 for the whole file
  uint32_t column = 0;  // from 1, in bytes
  std::string message;  // what is wrong
  std::string remedy;   // what to do about it; may be empty
};

// "path:line:column: message; remedy", without the parts that are not known.
std::string words_of(const Failure& failure);

}  // namespace dcache::text

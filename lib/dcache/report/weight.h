// Numbers of files and bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dcache/cache/keys.h"
#include "dcache/context/snapshot.h"

namespace dcache::report {

struct Weight {
  uint64_t files = 0;  // folders don't count
  uint64_t bytes = 0;

  void add(const context::Record& record);
};

// The files of a step, each once, in the order in which it takes them.
std::vector<const context::Record*> files_of(const cache::StepKeys& keys);
Weight weight_of(const std::vector<const context::Record*>& files);

// "1 file, 20 B", "1204 files, 1.5 MB"
std::string weight_words(const Weight& weight);

}  // namespace dcache::report

// The recorded answers of the reference programs, where a folder with them is given.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

namespace dcache::conformance {

// DCACHE_SHARED_DIR of the environment, else of the build; empty for none.
std::string shared_dir();

// Calls `use` for each line of a recorded file such as "parse.jsonl.xz". False if it can't be read.
bool for_each_record(const std::string& file, const std::function<void(const nlohmann::json&)>& use);
// The same for a file of the project's own, in tests/conformance/recorded/.
bool for_each_own_record(const std::string& file, const std::function<void(const nlohmann::json&)>& use);

// Unpacks the recorded Dockerfiles and calls `use` with the name and text of each.
bool for_each_dockerfile(const std::function<void(const std::string& name, const std::string& text)>& use);

}  // namespace dcache::conformance

// Ends the test as skipped, or as failed where the recorded answers have to be there.
#define DCACHE_NEEDS_ORACLE()                                                                        \
  do {                                                                                               \
    if (dcache::conformance::shared_dir().empty()) {                                                 \
      if (std::getenv("DCACHE_REQUIRE_SHARED") != nullptr) FAIL() << "DCACHE_SHARED_DIR is not set"; \
      GTEST_SKIP() << "no recorded answers: set DCACHE_SHARED_DIR to the folder that holds them";    \
    }                                                                                                \
  } while (false)

// A folder under git, for tests that compare revisions.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::test {

class GitFolder : public TemporaryFolder {
 public:
  void git(const std::string& arguments) const {
    shell("GIT_CONFIG_GLOBAL=/dev/null git -c user.name=t -c user.email=t@t " + arguments +
          " >/dev/null 2>&1");
  }
  void commit(const std::string& message) const {
    git("add -A");
    git("commit -q -m " + message);
  }
  void shell(const std::string& command) const {
    ASSERT_EQ(run_shell("cd " + path() + " && " + command), 0) << command;
  }
};

}  // namespace dcache::test

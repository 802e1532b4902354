// What comments silence, and the reasons that they give.
#include "dcache/lint/suppress.h"

#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache::lint {
namespace {

// The reason that is reported for what is silenced in `text`.
std::string reason(const std::string& text) {
  const Config config = test::config_selecting({"DC1009"});
  const dockerfile::File file = dockerfile::parse(text);
  const Findings findings = Linter(catalogue(), config).lint(file, {});
  EXPECT_EQ(findings.diagnostics.size(), 0U) << text;
  return findings.silenced.size() == 1 ? std::string(findings.silenced.front().reason) : "not silenced once";
}

TEST(Suppressions, GiveTheReasonOfTheFirstCommentThatHasOne) {
  EXPECT_EQ(reason("# dcache ignore=DC1009\nFROM a\n"), "");
  EXPECT_EQ(reason("# dcache ignore=DC1009 one\n# dcache ignore=DC1009 two\nFROM a\n"), "one");
  EXPECT_EQ(reason("# dcache ignore=DC1009\n# dcache ignore=DC1009 two\nFROM a\n"), "two");
  EXPECT_EQ(reason("# dcache ignore=DC1003 other\n# dcache ignore=DC1009 two\nFROM a\n"), "two");
  EXPECT_EQ(reason("# dcache global ignore=DC1009 all\n# dcache ignore=DC1009 this\nFROM a\n"), "all");
}

}  // namespace
}  // namespace dcache::lint

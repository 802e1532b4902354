// What our own rules say, word by word, where a wrong word would break the build of whoever follows it.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

struct Sentence {
  const char* rule;
  const char* text;
  const char* expected;  // of the first finding
};

std::string said(const Sentence& one) {
  const lint::Config config = test::config_selecting({one.rule});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(one.text);
  const lint::Findings found = linter.lint(file, {});
  return found.diagnostics.empty() ? "" : found.diagnostics.front().sentence();
}

TEST(Sentences, OfChangedOwners) {
  constexpr Sentence kSentences[] = {
      {"DC1014", "FROM a\nCOPY . /srv/a\nRUN chown --from root:root --changes --recursive app:app /srv/a\n",
       "this stores a second time what the COPY of line 2 brought: write COPY --chown=app:app there"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN chown -R x /a && chmod -R 770 /a && chown -R app /a\n",
       "this stores a second time what the COPY of line 2 brought: write COPY --chown=app --chmod=770 there"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN chown -R root:root /a\n",
       "this stores a second time what the COPY of line 2 brought: leave it out, COPY gives all files to "
       "root "
       "by itself"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN chown -R root:root /a && chmod -R 755 /a\n",
       "this stores a second time what the COPY of line 2 brought: write COPY --chmod=755 there"},
      {"DC1014", "FROM a\nCOPY --chown=5 . /a\nRUN chown -R root /a\n",
       "this stores a second time what the COPY of line 2 brought: write COPY --chown=root there"},
      {"DC1014", "FROM a\nCOPY a /a/\nCOPY b /a/\nCOPY c /a/\nRUN chown -R app /a\n",
       "this stores a second time what the COPYs of lines 2, 3 and 4 brought: write COPY --chown=app there"},
      {"DC1014", "FROM a\nCOPY x.sh /x.sh\nRUN chmod -x /x.sh\n",
       "this stores a second time what the COPY of line 2 brought: write COPY --chmod=-x there (modes in "
       "letters need Dockerfile 1.14)"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

}  // namespace
}  // namespace dcache

// `dcache affected` on repositories where several definitions, or parts of one, say how an image is built.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Files;
using test::Outcome;
using test::Repository;
using test::run_dcache;

constexpr const char* kWorkflow = ".github/workflows/w.yml";

// A workflow that builds and pushes the image org/x.
std::string workflow_with(const std::string& inputs, const std::string& strategy = "") {
  return "on: push\njobs:\n  b:\n" + strategy +
         "    runs-on: ubuntu-latest\n    steps:\n    - uses: docker/build-push-action@v6\n      with:\n"
         "        context: .\n        tags: org/x\n" +
         inputs;
}

TEST(SeveralDefinitions, AddTheirPlatforms) {
  const Repository repository({{"Dockerfile",
                                "FROM scratch AS arm64\nCOPY g /\nFROM scratch AS amd64\n"
                                "COPY f /\nFROM ${TARGETARCH}\nCOPY end /\n"},
                               {"compose.yaml", "services: {x: {build: .}}\n"},
                               {kWorkflow, workflow_with("        platforms: linux/arm64\n")},
                               {"end", ""},
                               {"f", "1\n"},
                               {"g", "1\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "f"}), "x:rebuilt@4");
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:rebuilt@2");
  repository.write("g", "2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:rebuilt@2");
}

TEST(SeveralDefinitions, OfOtherOptionsAreOtherBuilds) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\nRUN make\n"},
                               {"compose.yaml", "services: {x: {build: .}}\n"},
                               {"f", "1\n"}});
  const std::string other = std::string("x@") + kWorkflow;
  for (const auto& [before, after] :
       std::vector<std::pair<std::string, std::string>>{{"network: none", "network: host"},
                                                        {"shm-size: 1g", "shm-size: 2g"},
                                                        {"add-hosts: a:10.0.0.1", "add-hosts: b:10.0.0.1"},
                                                        {"ulimit: nofile=1", "ulimit: nofile=2"},
                                                        {"no-cache-filter: a", "no-cache: true"}}) {
    repository.write(kWorkflow, workflow_with("        " + before + "\n"));
    repository.commit("one");
    repository.write(kWorkflow, workflow_with("        " + after + "\n"));
    const std::string effects = repository.effects({"--git", "HEAD"});
    EXPECT_TRUE(effects.starts_with("x:unaffected " + other + ":rebuilt")) << after << '\n' << effects;
  }
}

TEST(Platforms, ThatOnlyCiKnowsAreUnknown) {
  const std::string strategy = "    strategy: {matrix: {platform: '${{ fromJSON(needs.a.outputs.p) }}'}}\n";
  const Repository repository(
      {{"Dockerfile",
        "FROM scratch AS arm64\nCOPY g /\nFROM scratch AS amd64\nCOPY f /\nFROM ${TARGETARCH}\n"},
       {kWorkflow, workflow_with("        platforms: ${{ matrix.platform }}\n", strategy)},
       {"f", "1\n"},
       {"g", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:unknown");
  repository.write("Dockerfile", "FROM scratch\nCOPY f /\n");
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:unaffected");
}

}  // namespace
}  // namespace dcache

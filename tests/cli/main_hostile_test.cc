// What a repository can contain to take over a terminal or a CI job, or to keep dcache busy.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"
#include "tests/random_text.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

// What a terminal acts on, or a runner takes for a command.
std::string danger_in(const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && byte != '\n') || byte == 0x7F) return "a control character";
  }
  for (const char* part : {"##[", "##vso[", "\xE2\x80\xAE", "\xC2\x9B"}) {
    if (text.find(part) != std::string::npos) return part;
  }
  for (size_t line = 0; line < text.size(); line = std::min(text.find('\n', line), text.size() - 1) + 1) {
    const size_t begin = text.find_first_not_of(" \t", line);
    if (begin != std::string::npos && text.compare(begin, 2, "::") == 0) return "a command";
  }
  return "";
}

constexpr char kHostile[] = "x\n::add-mask::q \033]0;t\a ##[group]y ##vso[a]z \xE2\x80\xAE \xC2\x9B";

TEST(Hostile, KeysOfSettingsReachStandardErrorOnOneLine) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  folder.write(".dcache.toml", "\"x\\n::error file=a::pwned\\u001b]0;t\\u0000behind\" = 1\n");
  const Outcome outcome = run_dcache({"lint"}, folder.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(danger_in(outcome.err), "") << outcome.err;
  EXPECT_NE(outcome.err.find("behind"), std::string::npos) << outcome.err;
}

// What loops of a shell read: a name for each image, on a line of its own.
TEST(Hostile, NamesOfAffectedImagesAreOneLineEach) {
  const test::GitFolder folder;
  folder.git("init -q -b main");
  folder.write("\033[31mf\nother\xE2\x80\xAE/Dockerfile", "FROM a\n");
  folder.commit("1");
  folder.write("\033[31mf\nother\xE2\x80\xAE/Dockerfile", "FROM b\n");
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD", "--format", "names"}, folder.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(danger_in(outcome.out), "") << outcome.out;
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1) << outcome.out;
}

TEST(Hostile, NamesAndTextsAreShownWithoutControlCharacters) {
  const TemporaryFolder folder;
  const std::string name(kHostile);
  std::string file = name;
  std::erase(file, '/');
  folder.write(
      "Dockerfile",
      "FROM a:1\nCOPY . /x\nRUN apt-get install ##[group]y ##vso[a]z \xE2\x80\xAE \xC2\x9B\033[8m\n");
  folder.write(file, "");
  folder.write(file + ".Dockerfile", "FROM a\nFOO " + name + "\n");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"lint"},
                                             {"lint", "--format", "gnu"},
                                             {"lint", "--format", "json"},
                                             {"lint", "--format", "sarif"},
                                             {"lint", "--format", "markdown"},
                                             {"lint", "--format", "junit"},
                                             {"context"},
                                             {"context", "--list"},
                                             {"context", "--why", file},
                                             {"images"},
                                             {"images", "--format", "json"},
                                             {"keys", "-f", "Dockerfile", "--files", "2"},
                                             {"keys", "-f", file + ".Dockerfile"},
                                             {"explain", "-f", "Dockerfile", "--changed", file},
                                             {"explain", "-f", name},
                                             {"affected", "--changed", file}}) {
    const Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ(danger_in(outcome.out), "") << arguments[0] << ' ' << arguments.back() << '\n' << outcome.out;
    EXPECT_EQ(danger_in(outcome.err), "") << arguments[0] << ' ' << arguments.back() << '\n' << outcome.err;
  }
}

TEST(Hostile, AnnotationsKeepNamesInTheirProperties) {
  const TemporaryFolder folder;
  folder.write("a,b:\n::c\033.Dockerfile", "FROM a\n");
  const std::string out = run_dcache({"lint", "--format", "github"}, folder.path()).out;
  EXPECT_EQ(out.rfind("::warning file=a%2Cb%3A%0A%3A%3Ac\xEF\xBF\xBD.Dockerfile,line=1,", 0), 0U) << out;
}

TEST(Hostile, MarkdownShowsPathsAsCode) {
  const TemporaryFolder folder;
  folder.write("a`b|<b>\n.Dockerfile", "FROM a\n");
  const std::string out = run_dcache({"lint", "--format", "markdown"}, folder.path()).out;
  EXPECT_NE(out.find("\n| `` a`b\\|<b> .Dockerfile:1 `` | warning | "), std::string::npos) << out;
}

TEST(Hostile, XmlHasNoCharactersThatItForbids) {
  const TemporaryFolder folder;
  folder.write("a\xEF\xBF\xBE\xEF\xBF\xBF.Dockerfile", "FROM a\n");
  for (const char* format : {"junit", "checkstyle"}) {
    const std::string out = run_dcache({"lint", "--format", format}, folder.path()).out;
    EXPECT_NE(out.find("a\xEF\xBF\xBD\xEF\xBF\xBD.Dockerfile"), std::string::npos) << out;
    EXPECT_EQ(out.find("\xEF\xBF\xBE"), std::string::npos) << format;
    EXPECT_EQ(out.find("\xEF\xBF\xBF"), std::string::npos) << format;
  }
}

// A patch has to apply: only what people see is changed.
TEST(Hostile, DiffsForProgramsAreExact) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n#\033]0;t\a\nEXPOSE 80/TCP\n");
  const Outcome outcome = run_dcache({"lint", "--diff", "--select", "ExposeProtoCasing"}, folder.path());
  EXPECT_NE(outcome.out.find("\n #\033]0;t\a\n-EXPOSE 80/TCP\n+EXPOSE 80/tcp\n"), std::string::npos)
      << outcome.out;
}

// Colours too: a diff has none of ours.
TEST(Hostile, DiffsInTheLogOfAJobHaveNoEscapeSequences) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n#\033[31mx\033[0m\nexpose 80/TCP\n");
  for (const std::string arguments : {"lint --diff --select ExposeProtoCasing", "format --diff"}) {
    const std::string command = "cd '" + folder.path() + "' && GITHUB_ACTIONS=true '" DCACHE_PROGRAM "' " +
                                arguments + " 2>&1 | cat >shown";
    ASSERT_EQ(test::run_shell(command), 0);
    const std::string shown = folder.read("shown");
    EXPECT_EQ(shown.find('\033'), std::string::npos) << shown;
    EXPECT_NE(shown.find("#\xEF\xBF\xBD[31mx"), std::string::npos) << shown;
  }
}

std::string repeated(const std::string& part, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += part;
  return text;
}

TEST(Hostile, ValuesThatDoubleEndInAnErrorAtTheirPlace) {
  const std::string text = "FROM a:1\nENV A=xxxxxxxx\n" + repeated("ENV A=$A$A\n", 27);
  const Outcome outcome = run_dcache({"lint", "--format", "gnu", "-"}, "/", text);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(
      outcome.out.find("<stdin>:19:7: error: '$A$A' can't be expanded: the value gets longer than 1 MB: "
                       "write a long value to a file, and copy that [DC0001]"),
      std::string::npos)
      << outcome.out.substr(0, 300);
}

TEST(Hostile, ValuesOfAFileAreLimitedTogether) {
  const std::string text =
      "FROM a:1\nENV A=xxxxxxxx\n" + repeated("ENV A=$A$A\n", 16) + repeated("ENV B=$A\n", 100);
  const Outcome outcome = run_dcache({"lint", "--format", "gnu", "-"}, "/", text);
  EXPECT_NE(outcome.out.find("the variables of this file have more than 32 MB of values"), std::string::npos)
      << outcome.out.substr(0, 300);
}

// Each alias is another 300 builds.
TEST(Hostile, AliasesMakeNoEndlessComparison) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n");
  std::string text = ".a: &a\n" + repeated("  - docker build -t x .\n", 300);
  for (size_t job = 0; job < 400 / tests::kScaleDown; ++job)
    text += "j" + std::to_string(job) + ": {script: *a}\n";
  folder.write(".gitlab-ci.yml", text);
  EXPECT_EQ(run_dcache({"lint", "--select", "DC3002,DC3003,DC3004", "."}, folder.path()).status, 0);
}

TEST(Hostile, SettingsAndSnapshotsThatNestOrBreakOffAreErrors) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n");
  folder.write(".dcache.toml", "[\n");
  EXPECT_NE(run_dcache({"lint"}, folder.path()).err.find(".dcache.toml:1:1: a table header has no name"),
            std::string::npos);
  folder.write(".dcache.toml", "");
  folder.write("deep.json", repeated("[", 200'000));
  folder.write("deeper.json", repeated("[", 200'000) + repeated("]", 200'000));
  for (const char* snapshot : {"deep.json", "deeper.json"}) {
    const Outcome outcome = run_dcache({"explain", "-f", "Dockerfile", "--since", snapshot}, folder.path());
    EXPECT_EQ(outcome.status, 2) << snapshot;
    EXPECT_NE(outcome.err.find("it is not a snapshot"), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace dcache

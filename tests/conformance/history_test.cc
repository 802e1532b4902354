// Recorded histories, put into git commit by commit, against what a replay says of each step.
#include "dcache/history/history.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/context/commit_files.h"
#include "dcache/project/images.h"
#include "tests/conformance/oracle.h"
#include "tests/random_text.h"

namespace dcache {
namespace {

using nlohmann::json;

// A recorded state of a project, and what was edited to reach it.
struct RecordedState {
  std::string edit;
  const json* state;
};

// A repository whose subfolder `app` has recorded states.
class HistoryRepository {
 public:
  // `states` are those of each branch, the first one's first; the branches are "0", "1", ….
  explicit HistoryRepository(const std::vector<std::vector<RecordedState>>& branches) {
    std::string pattern = (std::filesystem::temp_directory_path() / "dcache-history-XXXXXX").string();
    path_ = std::filesystem::canonical(::mkdtemp(pattern.data())).string();
    {
      std::ofstream stream(path_ + "/stream", std::ios::binary);
      for (size_t branch = 0; branch < branches.size(); ++branch) {
        for (const RecordedState& state : branches[branch])
          write(std::to_string(branch), state, stream);
      }
    }
    const std::string command = fmt::format(
        "cd {} && git init -q --bare all.git && git --git-dir=all.git fast-import --quiet < stream", path_);
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  ~HistoryRepository() { std::filesystem::remove_all(path_); }
  HistoryRepository(const HistoryRepository&) = delete;
  HistoryRepository& operator=(const HistoryRepository&) = delete;

  std::string folder() const { return path_ + "/all.git"; }

 private:
  static void write(const std::string& branch, const RecordedState& at, std::ofstream& stream) {
    const auto data = [&](const std::string& text) {
      stream << "data " << text.size() << '\n' << text << '\n';
    };
    stream << "commit refs/heads/" << branch << "\ncommitter t <t@t> 1700000000 +0000\n";
    data(at.edit);
    stream << "deleteall\n";
    const auto file = [&](const char* mode, const std::string& path, const std::string& content) {
      stream << "M " << mode << " inline " << json("app/" + path).dump() << '\n';
      data(content);
    };
    const json& state = *at.state;
    for (const auto& [path, entry] : state.at("tree").items()) {
      const std::string type = entry.at("type");
      if (type == "file") {
        constexpr int kExecutable = 0100;
        file((entry.at("mode").get<int>() & kExecutable) != 0 ? "100755" : "100644", path,
             entry.at("content"));
      } else if (type == "symlink") {
        file("120000", path, entry.at("target"));
      }
    }
    file("100644", "Dockerfile", state.at("dockerfile"));
    if (!state.at("ignore").is_null()) file("100644", ".dockerignore", state.at("ignore"));
  }

  std::string path_;
};

history::History replay_branch(const HistoryRepository& repository, const std::string& branch,
                               const json& args, history::Options replaying) {
  auto opened = context::GitRepository::open(repository.folder(), context::GitRepository::Bare::kAllowed);
  EXPECT_TRUE(opened) << opened.error();
  auto objects =
      context::GitObjects::open(std::make_shared<const context::GitRepository>(std::move(*opened)));
  EXPECT_TRUE(objects) << objects.error();
  const auto shared = std::make_shared<const context::GitObjects>(std::move(*objects));
  auto commits = shared->log({.from = branch});
  EXPECT_TRUE(commits) << commits.error();
  const auto read = [&](const auto& /*files*/, const auto& seen) {
    project::ProjectOptions options;
    options.read.files = seen;
    options.build.context = "app";
    for (const auto& [name, value] : args.items())
      options.build.plan.build_args[name] = value;
    history::ImagesAtCommit images;
    images.project.images = project::ImageFinder(options).of("app/Dockerfile");
    images.meant = {0};
    return images;
  };
  replaying.here = repository.folder();
  auto history = history::replay(shared, std::move(*commits), read, replaying);
  EXPECT_TRUE(history) << history.error();
  return std::move(*history);
}

// "hit" where it is said of a step what was recorded, and otherwise both.
void compare_commit(const json& commit, const history::ImageAtCommit& at, const std::string& where,
                    std::map<std::string, int>& tally) {
  using State = history::ImageAtCommit::State;
  if (commit.contains("fails")) {
    EXPECT_EQ(at.state, State::kFails) << where;
    ++tally["fails"];
    return;
  }
  ASSERT_EQ(at.state, State::kBuilt) << where << ": " << at.reason;
  for (const json& step : commit.at("steps")) {
    const auto found = std::ranges::find_if(*at.steps, [&](const history::StepAtCommit& one) {
      return one.stage == step.at("stage").get<std::string>() && one.line == step.at("line").get<uint32_t>();
    });
    ASSERT_NE(found, at.steps->end()) << where << " line " << step.at("line");
    EXPECT_EQ(cache::name_of(found->verdict), step.at("truth").get<std::string>())
        << where << " " << commit.at("edit") << " line " << step.at("line");
    ++tally[step.at("truth")];
  }
}

TEST(RecordedHistories, AreReplayedAsTheyWereBuilt) {
  DCACHE_NEEDS_ORACLE();
  std::map<std::string, int> tally;
  ASSERT_TRUE(conformance::for_each_record("history.jsonl.xz", [&](const json& record) {
    std::vector<RecordedState> states;
    for (const json& commit : record.at("commits"))
      states.push_back({commit.at("edit"), &commit.at("state")});
    const HistoryRepository repository({states});
    const json& args = record.at("commits").front().at("state").at("args");
    // Folders seen as they are, and as one record.
    for (const size_t least_files : {SIZE_MAX, size_t{1}}) {
      const history::History history =
          replay_branch(repository, "0", args, {.here = {}, .least_files = least_files});
      ASSERT_EQ(history.commits.size(), record.at("commits").size());
      for (size_t i = 0; i < history.commits.size(); ++i)
        compare_commit(record.at("commits")[i], history.images.front().commits[i],
                       fmt::format("{} commit {}", record.at("id").get<std::string>(), i), tally);
    }
  }));
  for (const auto& [verdict, count] : tally)
    std::printf("%s: %d\n", verdict.c_str(), count);
  EXPECT_GT(tally["miss"], 0);
}

// What is said of an image: "hit miss - fails", a word for each step and commit.
std::string words_of(const history::ImageHistory& image) {
  std::string words;
  for (const history::ImageAtCommit& at : image.commits) {
    if (at.state == history::ImageAtCommit::State::kFails) words += " fails";
    if (at.steps == nullptr) continue;
    for (const history::StepAtCommit& step : *at.steps)
      words += fmt::format(" {}:{}", step.line, cache::name_of(step.verdict));
    words += " -";
  }
  return words;
}

// The counts and causes of its steps.
std::string counts_of(const history::ImageHistory& image) {
  std::string words;
  for (const history::StepHistory& step : image.steps) {
    words += fmt::format("\n{}: {} of {}, {}", step.line, step.rebuilt, step.built, step.depends);
    for (const history::CauseCount& cause : step.causes)
      words += fmt::format(" {}={}", cause.path, cause.commits);
    for (const auto& [other, commits] : step.starters)
      words += fmt::format(" after {}={}", other, commits);
    words += fmt::format(" starts {}", step.starts);
  }
  return words;
}

TEST(RecordedHistories, AreReplayedAlikeInParts) {
  DCACHE_NEEDS_ORACLE();
  size_t histories = 0;
  ASSERT_TRUE(conformance::for_each_record("history.jsonl.xz", [&](const json& record) {
    std::vector<RecordedState> states;
    for (const json& commit : record.at("commits"))
      states.push_back({commit.at("edit"), &commit.at("state")});
    const HistoryRepository repository({states});
    const json& args = record.at("commits").front().at("state").at("args");
    const history::ImageHistory whole = replay_branch(repository, "0", args, {.here = {}}).images.front();
    std::string kept;
    for (const std::string end : {"0~20", "0~15", "0~9", "0~8", "0~2", "0"}) {
      history::Options options{.here = {}, .keeps = true};
      if (!kept.empty()) {
        auto known = history::read_kept(kept);
        ASSERT_TRUE(known) << known.error();
        options.kept = std::move(*known);
      }
      const history::History part = replay_branch(repository, end, args, options);
      kept = part.kept;
      if (end != "0") continue;
      EXPECT_EQ(words_of(part.images.front()), words_of(whole)) << record.at("id");
      EXPECT_EQ(counts_of(part.images.front()), counts_of(whole)) << record.at("id");
    }
    ++histories;
  }));
  EXPECT_GT(histories, 0U);
}

TEST(RecordedEdits, AreJudgedAlikeWithFoldersAsOneRecord) {
  DCACHE_NEEDS_ORACLE();
  std::vector<json> trials;
  for (const char* file : {"cache-trials.jsonl.xz", "wide-trials.jsonl.xz"}) {
    ASSERT_TRUE(conformance::for_each_record(file, [&](const json& trial) {
      if (!trial.at("before").contains("named")) trials.push_back(trial);
    }));
  }
  std::vector<std::vector<RecordedState>> branches;
  for (const json& trial : trials) {
    const RecordedState before{"before", &trial.at("before")}, after{"after", &trial.at("after")};
    branches.push_back({before, after, before});
  }
  const HistoryRepository repository(branches);
  for (size_t i = 0; i < trials.size(); i += tests::kIsSanitized ? 10 : 1) {
    const json& args = trials[i].at("after").at("args");
    const auto say = [&](size_t least_files) {
      return words_of(
          replay_branch(repository, std::to_string(i), args, {.here = {}, .least_files = least_files})
              .images.front());
    };
    EXPECT_EQ(say(1), say(SIZE_MAX)) << trials[i].at("id") << " " << trials[i].at("edit") << "\n"
                                     << trials[i].at("after").at("dockerfile").get<std::string>();
  }
  EXPECT_GT(trials.size(), 500U);
}

}  // namespace
}  // namespace dcache

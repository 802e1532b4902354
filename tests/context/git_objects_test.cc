// Trees of a repository with other files in them.
#include "dcache/context/git_objects.h"

#include <gtest/gtest.h>

#include "dcache/context/commit_files.h"
#include "tests/git_folder.h"

namespace dcache::context {
namespace {

class MadeTrees : public test::GitFolder, public testing::Test {
 protected:
  MadeTrees() {
    git("init -q -b main");
    write("a/b/file", "old");
    write("a.b", "beside");
    write("a-b", "before");
    commit("first");
    auto repository = GitRepository::open(path());
    objects_ = std::make_shared<const GitObjects>(
        std::move(*GitObjects::open(std::make_shared<const GitRepository>(std::move(*repository)))));
    tree_ = objects_->log({}).value().front().tree;
  }

  CommitFiles with(const GitObjects::Texts& files) const {
    return {objects_, objects_->with_files(tree_, files).value(), path()};
  }

  std::shared_ptr<const GitObjects> objects_;
  ObjectId tree_;
};

TEST_F(MadeTrees, HaveTheNewTexts) {
  const CommitFiles files = with({{"a/b/file", "new"}, {"a/c", "more"}, {"top", "one"}});
  EXPECT_EQ(files.read("a/b/file"), "new");
  EXPECT_EQ(files.read("a/c"), "more");
  EXPECT_EQ(files.read("top"), "one");
  EXPECT_EQ(files.read("a.b"), "beside");
}

TEST_F(MadeTrees, LackWhatIsTakenAway) {
  const CommitFiles files = with({{"a.b", std::nullopt}, {"a/b/file", std::nullopt}});
  EXPECT_FALSE(files.exists("a.b"));
  EXPECT_FALSE(files.exists("a/b/file"));
  EXPECT_TRUE(files.exists("a-b"));
}

TEST_F(MadeTrees, GetTheFoldersOfTheirFiles) {
  EXPECT_EQ(with({{"c/d/e", "new"}}).read("c/d/e"), "new");
  // What is a file stays one.
  EXPECT_EQ(with({{"a.b/c", "new"}}).read("a.b"), "beside");
}

TEST_F(MadeTrees, DifferByWhatWasReplaced) {
  const ObjectId one = objects_->with_files(tree_, {{"a/b/file", "1"}}).value();
  const ObjectId two = objects_->with_files(tree_, {{"a/b/file", "2"}}).value();
  EXPECT_EQ(one, objects_->with_files(tree_, {{"a/b/file", "1"}}).value());
  const auto changes = objects_->changes(one, two).value();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes.front().path, "a/b/file");
}

TEST_F(MadeTrees, AreGoneWhenForgotten) {
  const ObjectId made = objects_->with_files(tree_, {{"a/b/file", "1"}}).value();
  objects_->forget_made();
  EXPECT_FALSE(objects_->tree(made).has_value());
}

}  // namespace
}  // namespace dcache::context

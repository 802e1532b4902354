// What COPY and ADD select, as live builds showed.
#include "dcache/cache/selection.h"

#include <gtest/gtest.h>

namespace dcache::cache {
namespace {

using context::Record;
using context::Snapshot;
using context::Type;
using Texts = std::vector<std::string>;

Record file_of_its_path(std::string path) {
  Record record;
  record.path = std::move(path);
  record.mode = 0644;
  record.content = context::hash_bytes(record.path);
  return record;
}

Record link(std::string path, std::string target) {
  Record record = file_of_its_path(std::move(path));
  record.type = Type::kSymlink;
  record.content.reset();
  record.target = std::move(target);
  return record;
}

const Snapshot& tree() {
  static const Snapshot kTree({file_of_its_path("a.txt"), file_of_its_path("b.txt"),
                               file_of_its_path("src/a.c"), file_of_its_path("src/b.h"),
                               file_of_its_path("src/deep/c.c"), link("linkdir", "src"),
                               link("link.txt", "a.txt"), link("dangling", "nowhere")});
  return kTree;
}

plan::Selector selector(std::string path, Texts include = {}, Texts exclude = {}) {
  plan::Selector made;
  made.wildcard = path.find_first_of("*?[") != std::string::npos;
  made.path = std::move(path);
  made.include = std::move(include);
  made.exclude = std::move(exclude);
  return made;
}

Texts selected(const plan::Selector& what) {
  Texts paths;
  for (const SelectedFile& taken : select(tree(), {&what, 1}).files)
    paths.push_back(taken.record->path);
  return paths;
}

TEST(Select, TakesFilesFoldersAndWhatLinksLeadTo) {
  EXPECT_EQ(selected(selector("/a.txt")), Texts{"a.txt"});
  EXPECT_EQ(selected(selector("/src")), (Texts{"src", "src/a.c", "src/b.h", "src/deep", "src/deep/c.c"}));
  EXPECT_EQ(selected(selector("/linkdir")), selected(selector("/src")));
  EXPECT_EQ(selected(selector("/link.txt")), Texts{"a.txt"});
  EXPECT_EQ(selected(selector("/linkdir/a.c")), Texts{"src/a.c"});
}

TEST(Select, TakesWhatIsInAnotherSourceOnce) {
  const std::vector<plan::Selector> both = {selector("/src"), selector("/src/a.c"), selector("/src")};
  const plan::Selector one = selector("/src");
  EXPECT_EQ(select(tree(), both).files.size(), select(tree(), {&one, 1}).files.size());
  EXPECT_EQ(select(tree(), both).hash, select(tree(), {&one, 1}).hash);
}

TEST(Select, ComparesFilesThatWereNotHashedByTheirPaths) {
  Record a = file_of_its_path("a"), b = file_of_its_path("b");
  a.content.reset();
  b.content.reset();
  EXPECT_TRUE(are_same(a, a));
  EXPECT_FALSE(are_same(a, b));
}

TEST(Select, MatchesWildcardsThroughLinks) {
  EXPECT_EQ(selected(selector("/src/*.c")), Texts{"src/a.c"});
  EXPECT_EQ(selected(selector("/linkdir/*.c")), Texts{"src/a.c"});
  EXPECT_EQ(selected(selector("/*/deep")), (Texts{"src/deep", "src/deep/c.c"}));
  EXPECT_EQ(selected(selector("/**/*.c")), Texts{"src/a.c"});
}

TEST(Select, AppliesFiltersBelowWhatWasNamed) {
  EXPECT_EQ(selected(selector("/src", {}, {"deep"})), (Texts{"src", "src/a.c", "src/b.h"}));
  EXPECT_EQ(selected(selector("/", {"src/deep"})), (Texts{"src", "src/deep", "src/deep/c.c"}));
}

TEST(Select, DoesNotFilterWhatALinkLeadsTo) {
  EXPECT_EQ(selected(selector("/linkdir", {}, {"deep"})),
            (Texts{"linkdir", "src", "src/a.c", "src/b.h", "src/deep", "src/deep/c.c"}));
}

TEST(Select, FollowsLinksThatAreNamedAndNotThoseInFolders) {
  const Snapshot before({file_of_its_path("b.txt"), link("src/up", "../b.txt"), link("top", "b.txt")});
  Record changed = file_of_its_path("b.txt");
  changed.content = context::hash_bytes("other");
  const Snapshot after({changed, link("src/up", "../b.txt"), link("top", "b.txt")});
  const auto differs = [&](const plan::Selector& what) {
    return select(before, {&what, 1}).hash != select(after, {&what, 1}).hash;
  };
  EXPECT_FALSE(differs(selector("/src", {}, {"x"})));
  EXPECT_FALSE(differs(selector("/s*")));
  EXPECT_TRUE(differs(selector("/src/*")));
  EXPECT_TRUE(differs(selector("/t*")));
  EXPECT_TRUE(differs(selector("/", {"top"})));
}

TEST(Select, SaysWhatIsMissing) {
  const plan::Selector gone = selector("/none"), dangling = selector("/dangling"),
                       nothing = selector("/*.none");
  EXPECT_EQ(select(tree(), {&gone, 1}).missing.size(), 1u);
  EXPECT_EQ(select(tree(), {&dangling, 1}).missing.size(), 1u);
  EXPECT_TRUE(select(tree(), {&nothing, 1}).missing.empty());
}

TEST(Select, LooksAtContentAndNotAtThePathOfAFile) {
  Record moved = file_of_its_path("other/a.txt");
  moved.content = context::hash_bytes("a.txt");
  const Snapshot other({moved});
  const plan::Selector here = selector("/a.txt"), there = selector("/other/a.txt");
  EXPECT_EQ(select(tree(), {&here, 1}).hash, select(other, {&there, 1}).hash);
}

}  // namespace
}  // namespace dcache::cache

#include "dcache/dockerfile/mount.h"

#include <gtest/gtest.h>

namespace dcache::dockerfile {
namespace {

tl::expected<Mount, MountError> read(std::string_view value) {
  return read_mount(value, [](std::string_view) { return std::nullopt; }, {});
}

TEST(Mount, ReadsOptionsUnderAllTheirNames) {
  const auto mount =
      read("type=cache,id=x,dst=/c,sharing=LOCKED,uid=1000,gid=1000,mode=0755,from=s,src=/d,ro");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->type, Mount::Type::kCache);
  EXPECT_EQ(mount->target, "/c");
  EXPECT_EQ(mount->source, "/d");
  EXPECT_EQ(mount->sharing, "locked");
  EXPECT_EQ(*mount->mode, 0755u);
  EXPECT_TRUE(mount->read_only);
}

TEST(Mount, IsReadOnlyByTypeUnlessSaid) {
  EXPECT_TRUE(read("target=/x")->read_only);
  EXPECT_FALSE(read("type=cache,target=/x")->read_only);
  EXPECT_FALSE(read("target=/x,rw")->read_only);
  EXPECT_FALSE(read("target=/x,readonly=false")->read_only);
}

TEST(Mount, ReadsQuotedFieldsAndSizes) {
  EXPECT_EQ(read(R"("target=/a,b",type=tmpfs,size=1.5k)")->target, "/a,b");
  EXPECT_EQ(read("type=tmpfs,target=/x,size=64m")->size, 64u << 20);
}

TEST(Mount, RefusesWhatMakesNoSense) {
  for (const char* value : {"type=foo", "target", "foo=1", "type=bind,uid=1", "type=bind,sharing=locked",
                            "type=secret", "type=secret,from=x,id=y", "type=cache,sharing=maybe",
                            "type=tmpfs,size=much", "\"x", "a\"b", "required=true,type=bind"}) {
    EXPECT_FALSE(read(value)) << value;
  }
}

}  // namespace
}  // namespace dcache::dockerfile

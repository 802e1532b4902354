// What is known about images and programs as data: made by the build from rules/data.
#pragma once

#include <span>
#include <string_view>

namespace dcache::rules {

// A version that its publisher does not maintain any more (end-of-life.json).
struct EndOfLife {
  std::string_view product;  // "Debian 10"
  std::string_view image;    // without registry and tag: "debian"
  std::string_view end;      // the last day: "2024-06-30"
  std::string_view instead;  // images to use; empty for a newer version of the same
  // What the tag starts with, up to a dot or hyphen: "10" for 10, 10.3 and 10-slim. "*" is every tag.
  std::span<const std::string_view> tags = {};
  std::span<const std::string_view> parts = {};  // and what tags of other images say of it: "buster"
};
// Sorted by image.
std::span<const EndOfLife> end_of_life();

// A call that a newer version of the program warns of, or refuses (deprecated-commands.json).
struct DeprecatedCommand {
  std::string_view program;
  std::string_view instead;                      // what to do
  std::span<const std::string_view> words = {};  // that the call has, in any order; none: every call
};
std::span<const DeprecatedCommand> deprecated_commands();

// A flag of an instruction, and the first Docker Engine whose built-in Dockerfile syntax has it (flags.json).
// Source: the release notes of the Dockerfile syntax, and the syntax version in each engine.
struct FlagVersion {
  std::string_view flag;
  int major;
  int minor;
};
std::span<const FlagVersion> flag_versions();

// Words that rules look for (words.json).
//
// Variables that have another value in each build: whole names, and parts of names.
std::span<const std::string_view> volatile_names();
std::span<const std::string_view> volatile_parts();
// Parts of a name, between underscores, that make it that of a secret, or of something public, of a file or a
// version; and last parts that say something about a secret.
std::span<const std::string_view> secret_words();
std::span<const std::string_view> harmless_words();
std::span<const std::string_view> harmless_endings();
// What hadolint looks for in names, in any place.
std::span<const std::string_view> secret_parts();
// Files that hold a key or a password by their name alone.
std::span<const std::string_view> key_files();
// Tools of the system that do the same whatever packages of a language and variables of the build there are,
// except for those that their arguments name.
std::span<const std::string_view> plain_programs();
// Programs that install packages of a distribution.
std::span<const std::string_view> system_package_managers();
// Shells that know `set -o pipefail`.
std::span<const std::string_view> pipefail_shells();
// Commands that are not programs, and words that begin what only a shell reads.
std::span<const std::string_view> shell_commands();
// Users that distributions and the packages of services make, whose home is not below /home.
std::span<const std::string_view> system_users();

}  // namespace dcache::rules

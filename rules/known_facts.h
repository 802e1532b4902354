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

// A compiler's command whose product runs without it (compilers.json).
struct Compiler {
  std::string_view what;  // "the Go toolchain"
  std::span<const std::string_view> programs = {};
  std::span<const std::string_view> commands = {};  // one of them is among the arguments
};
std::span<const Compiler> compilers();

// A command that builds an image without BuildKit (builder-commands.json).
struct BuilderCommand {
  std::string_view name;                             // in words
  std::string_view part;                             // the text by which a line that has it is found
  std::span<const std::string_view> words = {};      // the program and its sub-commands, in their order
  std::span<const std::string_view> only_with = {};  // one of these options has to be there
  std::span<const std::string_view> flags = {};      // options without a value
  std::span<const std::string_view> file_options = {};
  // Those that name the context. An argument is not one then.
  std::span<const std::string_view> context_options = {};
};
std::span<const BuilderCommand> builder_commands();

// What says in a file that another builder than BuildKit builds (builder-files.json).
struct BuilderFile {
  std::string_view name;  // of the builder, in words
  // "classic", "kaniko", "podman", or "own mounts" for mounts with ids of a service.
  std::string_view builder;
  // What it builds: "folder" for what is in the folder of the file, "scripts" for what its commands `docker
  // build` name; empty for the whole project.
  std::string_view scope = {};
  std::string_view line = {};     // the pattern counts for lines with this text that are not only printed
  std::string_view pattern = {};  // RE2
  std::string_view unless = {};   // RE2
  std::span<const std::string_view> files = {};  // their names, which may be patterns
  std::span<const std::string_view> has = {};    // texts that all are in it
};
std::span<const BuilderFile> builder_files();

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
// What programs do with the files that their words name: those that look at them, or at most make a folder or
// an empty file; and those that take them away. Others may write to them.
std::span<const std::string_view> reading_programs();
std::span<const std::string_view> removing_programs();
// Programs that run a script or a recipe of the project.
std::span<const std::string_view> script_programs();
// Words with which a package manager of the system installs packages, and takes them away.
std::span<const std::string_view> package_install_words();
std::span<const std::string_view> package_removal_words();
// Where a package manager downloads from, and as whom: the programs that change it, the words with which
// package managers and git do, and their settings that do not; those of the second lists are starts of names.
std::span<const std::string_view> access_programs();
std::span<const std::string_view> access_words();
std::span<const std::string_view> git_access_words();
std::span<const std::string_view> harmless_git_sections();
std::span<const std::string_view> harmless_settings();
std::span<const std::string_view> harmless_setting_starts();
// The files with these settings: of a project by their names; of the system and a home, in addition to those
// that each package manager has; parts of other names that may be one; names with a dot that are none;
// folders without any; and what a Dockerfile with credentials says somewhere.
std::span<const std::string_view> project_settings();
std::span<const std::string_view> system_settings();
std::span<const std::string_view> settings_parts();
std::span<const std::string_view> harmless_dot_files();
std::span<const std::string_view> folders_without_settings();
std::span<const std::string_view> credential_marks();
// The variables and options with them: starts and parts of names in lower case, those that do not count
// although they look so, and those that nobody gives credentials in. The flags of GOFLAGS that say nothing
// about downloads.
std::span<const std::string_view> access_variable_starts();
std::span<const std::string_view> access_variable_parts();
std::span<const std::string_view> harmless_variables();
std::span<const std::string_view> harmless_variable_starts();
std::span<const std::string_view> build_variables();
std::span<const std::string_view> build_variable_starts();
std::span<const std::string_view> access_option_parts();
std::span<const std::string_view> harmless_go_flags();
// Programs that install packages of a distribution.
std::span<const std::string_view> system_package_managers();
// Packages of distributions that nothing but a compilation needs, and those of them that are for C.
std::span<const std::string_view> compiler_packages();
std::span<const std::string_view> c_compiler_packages();
// Releases of distributions that package a Go older than 1.16, with what their tags start with.
std::span<const std::string_view> old_go_distributions();
// Shells that know `set -o pipefail`.
std::span<const std::string_view> pipefail_shells();
// Commands that are not programs, and words that begin what only a shell reads.
std::span<const std::string_view> shell_commands();
// Members of YAML that say in which folder the commands next to them run, and those that set variables.
std::span<const std::string_view> script_folder_keys();
std::span<const std::string_view> script_variable_keys();
// Users that distributions and the packages of services make, whose home is not below /home.
std::span<const std::string_view> system_users();

}  // namespace dcache::rules

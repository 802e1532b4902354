#include "dcache/dockerfile/mount.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "dcache/dockerfile/mount_names.h"
#include "dcache/text/booleans.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

using Failure = std::optional<MountError>;

constexpr std::string_view kRemedy = "see the mount options of each type in the Dockerfile reference";

// Of options that do not go together.
MountError mismatch(std::string message) {
  return {std::move(message), std::string(kRemedy), {}};
}

constexpr std::array<std::string_view, 5> kTypeNames = {"bind", "cache", "tmpfs", "secret", "ssh"};
constexpr std::array<std::string_view, 3> kSharing = {"shared", "private", "locked"};
constexpr std::array<std::string_view, 19> kKeys = {
    "type", "from", "source", "src", "target", "dst", "destination", "id", "sharing",  "required",
    "size", "mode", "uid",    "gid", "env",    "ro",  "readonly",    "rw", "readwrite"};

std::optional<uint32_t> read_number(std::string_view value, int base) {
  uint32_t number = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number, base);
  if (failure != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

class MountReader {
 public:
  // One `key` or `key=value` field.
  Failure read(std::string_view field, const Lookup& lookup, const ExpandOptions& options) {
    field_ = field;
    const size_t equals = field.find('=');
    const std::string key = text::to_lower(field.substr(0, equals));
    if (equals == std::string_view::npos) return read_switch(key);
    const auto value = expand(field.substr(equals + 1), lookup, options);
    if (!value) return wrong(value.error().message);
    return read_pair(key, *value);
  }

  Failure finish() {
    if (mount_.type == Mount::Type::kBind || mount_.type == Mount::Type::kTmpfs) {
      if (mount_.mode || mount_.uid || mount_.gid) {
        return mismatch(fmt::format("a {} mount has no mode, uid or gid", name_of(mount_.type)));
      }
    }
    if (!access_given_) {
      mount_.read_only = mount_.type != Mount::Type::kCache && mount_.type != Mount::Type::kTmpfs;
    }
    if (!mount_.sharing.empty() && mount_.type != Mount::Type::kCache)
      return mismatch("only a cache mount has 'sharing'");
    if (mount_.type != Mount::Type::kSecret) return std::nullopt;
    if (!mount_.from.empty()) return mismatch("a secret mount has no 'from'");
    if (mount_.source.empty() && mount_.target.empty() && mount_.id.empty())
      return mismatch("a secret mount needs an 'id'");
    if (!mount_.source.empty() && !mount_.id.empty())
      return mismatch("'source' and 'id' mean the same; use one of them");
    return std::nullopt;
  }

  Mount take() { return std::move(mount_); }

 private:
  Failure read_switch(const std::string& key) {
    if (key == "readonly" || key == "ro" || key == "readwrite" || key == "rw") {
      set_access(key.starts_with("reado") || key == "ro");
      return std::nullopt;
    }
    if (key == "required") return set_required(true);
    return wrong(fmt::format("'{}' needs a value", key), fmt::format("write {}=value", key));
  }

  Failure read_pair(const std::string& key, const std::string& value) {
    const auto invalid = [&] { return wrong(fmt::format("'{}' is not a value for '{}'", value, key)); };
    if (key == "type") return set_type(value);
    if (key == "readonly" || key == "ro" || key == "readwrite" || key == "rw") {
      const auto on = text::parse_bool(value);
      if (!on) return invalid();
      set_access(*on == (key.starts_with("reado") || key == "ro"));
    } else if (key == "required") {
      const auto on = text::parse_bool(value);
      if (!on) return invalid();
      return set_required(*on);
    } else if (key == "size") {
      const auto size = read_size(value);
      if (mount_.type != Mount::Type::kTmpfs) return mismatch("only a tmpfs mount has 'size'");
      if (!size) return invalid();
      mount_.size = *size;
    } else if (key == "sharing") {
      mount_.sharing = text::to_lower(value);
      if (std::ranges::find(kSharing, mount_.sharing) == kSharing.end())
        return wrong(invalid()->message,
                     text::did_you_mean(value, kSharing, "use shared, private or locked"));
    } else if (std::optional<uint32_t>* number = number_field(key)) {
      *number = read_number(value, key == "mode" ? 8 : 10);
      if (!*number) return invalid();
    } else if (key == "env") {
      mount_.env = value;
    } else if (std::string* text = text_field(key)) {
      *text = value;
    } else {
      return wrong(fmt::format("unknown mount option '{}'", key), text::did_you_mean(key, kKeys, kRemedy));
    }
    return std::nullopt;
  }

  std::string* text_field(std::string_view key) {
    if (key == "from") return &mount_.from;
    if (key == "source" || key == "src") return &mount_.source;
    if (key == "target" || key == "dst" || key == "destination") return &mount_.target;
    if (key == "id") return &mount_.id;
    return nullptr;
  }

  std::optional<uint32_t>* number_field(std::string_view key) {
    if (key == "mode") return &mount_.mode;
    if (key == "uid") return &mount_.uid;
    if (key == "gid") return &mount_.gid;
    return nullptr;
  }

  Failure set_type(std::string_view value) {
    for (size_t i = 0; i < kTypeNames.size(); ++i) {
      if (!text::equals_ignoring_case(value, kTypeNames[i])) continue;
      mount_.type = static_cast<Mount::Type>(i);
      return std::nullopt;
    }
    return wrong(fmt::format("unknown mount type '{}'", value),
                 text::did_you_mean(value, kTypeNames, "use bind, cache, tmpfs, secret or ssh"));
  }

  Failure set_required(bool on) {
    if (mount_.type != Mount::Type::kSecret && mount_.type != Mount::Type::kSsh) {
      return mismatch("only secret and ssh mounts have 'required'");
    }
    mount_.required = on;
    return std::nullopt;
  }

  void set_access(bool read_only) {
    mount_.read_only = read_only;
    access_given_ = true;
  }

  Failure wrong(std::string message, std::string remedy = std::string(kRemedy)) const {
    return MountError{std::move(message), std::move(remedy), std::string(field_)};
  }

  Mount mount_;
  std::string_view field_;  // that is read
  bool access_given_ = false;
};

}  // namespace

std::span<const std::string_view> mount_option_names() {
  return kKeys;
}

std::span<const std::string_view> mount_type_names() {
  return kTypeNames;
}

std::span<const std::string_view> mount_sharing_names() {
  return kSharing;
}

std::string_view name_of(Mount::Type type) {
  return kTypeNames[static_cast<size_t>(type)];
}

std::optional<uint64_t> read_size(std::string_view value) {
  double number = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = !value.empty() && (value[0] == '.' || (value[0] >= '0' && value[0] <= '9'));
  if (failure != std::errc() || !is_number) return std::nullopt;
  std::string unit = text::to_lower(std::string_view(end, value.data() + value.size()));
  std::string_view rest = text::trim_left(unit);
  double factor = 1;
  constexpr std::string_view kPrefixes = "kmgtp";
  if (!rest.empty() && kPrefixes.find(rest[0]) != std::string_view::npos) {
    for (size_t i = 0; i <= kPrefixes.find(rest[0]); ++i)
      factor *= 1024;
    rest.remove_prefix(1);
    if (rest.starts_with("ib")) rest.remove_prefix(1);
  }
  if (!rest.empty() && rest != "b") return std::nullopt;
  constexpr double kMost = 9.2e18;  // bytes, as a signed number of 64 bits
  if (number * factor > kMost) return std::nullopt;
  return static_cast<uint64_t>(number * factor);
}

tl::expected<std::vector<std::string>, std::string> split_csv(std::string_view value) {
  std::vector<std::string> fields;
  size_t at = 0;
  while (true) {
    std::string field;
    if (value.substr(at).starts_with('"')) {
      for (++at;; ++at) {
        const size_t quote = value.find('"', at);
        if (quote == std::string_view::npos) return tl::unexpected<std::string>("a quote is not closed");
        field += value.substr(at, quote - at);
        at = quote + 1;
        if (!value.substr(at).starts_with('"')) break;
        field += '"';
      }
      if (at < value.size() && value[at] != ',')
        return tl::unexpected<std::string>("a quote is inside a field");
    } else {
      const size_t comma = std::min(value.find(',', at), value.size());
      field = value.substr(at, comma - at);
      if (field.find('"') != std::string::npos)
        return tl::unexpected<std::string>("a quote is inside a field");
      at = comma;
    }
    fields.push_back(std::move(field));
    if (at >= value.size()) return fields;
    ++at;
  }
}

tl::expected<Mount, MountError> read_mount(std::string_view value, const Lookup& lookup,
                                           const ExpandOptions& options) {
  const auto fields = split_csv(value);
  if (!fields)
    return tl::unexpected(MountError{fields.error(), "write key=value pairs, separated by commas", {}});
  MountReader reader;
  for (const std::string& field : *fields) {
    if (auto failure = reader.read(field, lookup, options)) return tl::unexpected(std::move(*failure));
  }
  if (auto failure = reader.finish()) return tl::unexpected(std::move(*failure));
  return reader.take();
}

}  // namespace dcache::dockerfile

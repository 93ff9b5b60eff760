#include "plugins/mojo/bundle/bundle.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/bundle/document.hpp"
#include "plugins/mojo/bundle/merge.hpp"
#include "plugins/mojo/spec/stage.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

std::string text_of(const Yaml& map, std::string_view key) {
  const auto* value = map.find(key);
  return value && value->is_scalar() ? value->text : std::string();
}

bool flag_of(const Yaml& map, std::string_view key) {
  const auto text = text_of(map, key);
  return !text.empty() && std::string_view("tTyY").contains(text.front())
             ? true
             : text.size() == 2 && (text[1] == 'n' || text[1] == 'N');
}

std::optional<std::int64_t> count_of(const Yaml& map, std::string_view key) {
  const auto count = whole_number(text_of(map, key));
  return count && *count >= 0 ? count : std::nullopt;
}

std::vector<std::string> texts_of(const Yaml& map, std::string_view key) {
  std::vector<std::string> out;
  const auto* value = map.find(key);
  if (!value) return out;
  if (value->is_scalar()) out.push_back(value->text);
  for (const auto& item : value->items) out.push_back(item.text);
  return out;
}

void mark_secret(Yaml& value) {
  value.secret = true;
  for (auto& item : value.items) mark_secret(item);
  for (auto& member : value.members) mark_secret(member.value);
}

void collect_secrets(const Yaml& value, std::vector<std::string>& out) {
  if (value.secret && value.is_scalar()) out.push_back(value.text);
  for (const auto& item : value.items) collect_secrets(item, out);
  for (const auto& member : value.members) collect_secrets(member.value, out);
}

std::string_view application_of(std::string_view end) { return end.substr(0, end.find(':')); }

constexpr std::string_view k_file = "include-file://", k_base64 = "include-base64://";

std::string base64(std::string_view bytes) {
  static constexpr std::string_view k_letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
    };
    const auto group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k > bytes.size() ? '=' : k_letters[group >> (18 - 6 * k) & 63];
  }
  return out;
}

/// The file that PATH of an include means.
Result<fs::path> find_file(std::string_view written, const fs::path& local_dir) {
  auto relative = written;
  auto top = local_dir.string();
  while (top.size() > 1 && top.ends_with('/')) top.pop_back();
  if (relative.starts_with('/')) {
    if (!relative.starts_with(top) || !relative.substr(top.size()).starts_with('/')) {
      return fail(ExitCode::config,
                  fmt::format("'{}' is not below the local folder", printable(written, 120)));
    }
    relative.remove_prefix(std::min(relative.find_first_not_of('/', top.size()), relative.size()));
  }
  CDCTL_TRY(check_relative(relative, "file"));
  const auto path = local_dir / relative;
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return fail(ExitCode::config,
                fmt::format("there is no file '{}' in the local folder", printable(relative, 120)));
  if (!inside(path, local_dir))
    return fail(ExitCode::config, fmt::format("'{}' is a link that leads out of the local folder",
                                              printable(relative, 120)));
  return path;
}

Result<std::string> load(std::string_view written, bool encode, const fs::path& local_dir) {
  CDCTL_TRY_ASSIGN(const auto path, find_file(written, local_dir));
  CDCTL_TRY_ASSIGN(auto bytes, read_file(path, k_largest_file));
  if (encode) return base64(bytes);
  if (invalid_utf8(bytes) != std::string::npos || bytes.contains('\0')) {
    return fail(ExitCode::config,
                fmt::format("'{}' is no text; write include-base64://", printable(written, 120)));
  }
  return bytes;
}

void resolve(Yaml& value, const fs::path& local_dir, std::vector<Problem>& problems) {
  if (!value.is_scalar()) return;
  const bool encode = value.text.starts_with(k_base64);
  if (!encode && !value.text.starts_with(k_file)) return;
  const auto prefix = encode ? k_base64 : k_file;
  auto loaded = load(std::string_view(value.text).substr(prefix.size()), encode, local_dir);
  if (!loaded) {
    problems.push_back(value.position.problem(
        fmt::format("{}: {}", prefix.substr(0, prefix.size() - 3), loaded.error().what)));
    return;
  }
  value.text = std::move(*loaded);
  value.kind = Yaml::Kind::string;
  value.secret = true;
}

}  // namespace

const Yaml* BundleApplication::value(std::string_view map, std::string_view key) const {
  const auto* values = spec->find(map);
  return values ? values->find(key) : nullptr;
}

std::vector<BundleApplication> Bundle::applications() const {
  std::vector<BundleApplication> out;
  const auto* all = root.find("applications");
  if (!all) return out;
  for (const auto& [name, position, spec] : all->members) {
    auto units = count_of(spec, "num_units");
    if (!units) units = count_of(spec, "scale");
    out.push_back({name, &spec, position, text_of(spec, "charm"), units, text_of(spec, "series"),
                   text_of(spec, "base"), text_of(spec, "channel"), text_of(spec, "constraints"),
                   flag_of(spec, "expose"), flag_of(spec, "trust"), texts_of(spec, "to")});
  }
  return out;
}

std::vector<Relation> Bundle::relations() const {
  std::vector<Relation> out;
  const auto* all = root.find("relations");
  if (!all) return out;
  for (const auto& pair : all->items) {
    if (pair.items.size() == 2) out.push_back({pair.items[0].text, pair.items[1].text});
  }
  return out;
}

std::vector<std::string> Bundle::secrets() const {
  std::vector<std::string> out;
  collect_secrets(root, out);
  return out;
}

void check_whole(const Bundle& bundle, std::vector<Problem>& problems) {
  std::unordered_set<std::string_view> known;
  std::vector<std::string> names;
  for (const auto* key : {"applications", "saas"}) {
    const auto* all = bundle.root.find(key);
    if (!all) continue;
    for (const auto& member : all->members) {
      if (known.insert(member.key).second) names.push_back(member.key);
    }
  }
  const auto* relations = bundle.root.find("relations");
  if (!relations) return;
  for (const auto& pair : relations->items) {
    for (const auto& end : pair.items) {
      const auto name = application_of(end.text);
      if (known.contains(name)) continue;
      const auto hint = names.size() <= 1000 ? nearest(name, names) : std::string();
      problems.push_back(end.position.problem(fmt::format(
          "a relation of {}, which is no application of this bundle{}", printable(name, 60),
          hint.empty() ? "" : fmt::format("; is {} meant?", hint))));
    }
  }
}

Bundle parse_bundle(std::string_view text, const std::string& file,
                    std::vector<Problem>& problems) {
  Bundle bundle;
  const auto before = problems.size();
  auto documents = parse_yaml(text, file, problems, bundle.warnings);
  bundle.root.kind = Yaml::Kind::map;
  if (problems.size() == before && documents.empty())
    problems.push_back({file, 0, 0, "it is empty"});
  if (problems.size() != before) return bundle;  // half a file would only be wrong in more ways
  bool first = true;
  for (auto& document : documents) {
    normalise(document, first ? DocumentKind::base : DocumentKind::overlay, problems,
              bundle.warnings);
    if (first)
      bundle.root = std::move(document);
    else
      merge_overlay(bundle.root, std::move(document), bundle.warnings);
    first = false;
  }
  if (problems.size() == before) check_whole(bundle, problems);
  return bundle;
}

void add_overlay(Bundle& bundle, std::string_view text, const std::string& file, bool secret,
                 std::vector<Problem>& problems) {
  const auto before = problems.size();
  auto documents = parse_yaml(text, file, problems, bundle.warnings);
  if (problems.size() != before) return;
  for (auto& document : documents) {
    if (secret) mark_secret(document);
    normalise(document, DocumentKind::overlay, problems, bundle.warnings);
    merge_overlay(bundle.root, std::move(document), bundle.warnings);
  }
  if (problems.size() == before) check_whole(bundle, problems);
}

std::string print_bundle(const Bundle& bundle) { return print_yaml(bundle.root); }

void resolve_includes(Bundle& bundle, const fs::path& local_dir, std::vector<Problem>& problems) {
  for (const auto* group : {"applications", "machines"}) {
    auto* all = bundle.root.find(group);
    if (!all) continue;
    for (auto& member : all->members) {
      for (const auto* map : {"options", "annotations"}) {
        auto* values = member.value.find(map);
        if (!values) continue;
        for (auto& entry : values->members) resolve(entry.value, local_dir, problems);
      }
    }
  }
}

}  // namespace cdctl::mojo

// lines: a sink that appends a line of text for each record to the file that `[lines] file` in
// cdctl.toml names.
#include <cerrno>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/plugin.hpp>

namespace {

/// `2026-11-23T04:11:30.120Z signal thumbs-r5f0c1e9a2b: critical oops`
std::string line_of(const cdctl::Json& record) {
  std::string out = record["time"].as_string("-");
  auto kind = record["schema"].as_string();
  if (kind.starts_with("cdctl.")) kind = kind.substr(6, kind.find('/') - 6);
  out += " " + kind + " " + record["set"].as_string(record["service"].view()) + ":";
  for (const auto* key : {"severity", "signal", "verdict", "action", "message", "why", "error"})
    if (const auto text = record[key].as_string(); !text.empty()) out += " " + text;
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';  // one line a record, whatever is in it
  return out + "\n";
}

class Lines final : public cdctl::Sink {
 public:
  /// What a constructor throws, the user reads: `the lines plugin cannot be used: …`.
  explicit Lines(cdctl::Host& host) {
    const auto& config = host.config();
    const auto file = config.table["lines"]["file"].as_string();
    if (file.empty())
      throw std::runtime_error("cdctl.toml names no file; add [lines] file = \"records.txt\"");
    path_ = config.file.parent_path() / file;
  }

  cdctl::Result<cdctl::PassAnswer> do_pass(const std::string&, std::span<const cdctl::Json> records,
                                           const cdctl::Deadline&) override {
    std::string text;
    for (const auto& record : records) text += line_of(record);
    const cdctl::Fd fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd.valid()) return failed("opening");
    for (std::string_view rest(text); !rest.empty();) {
      const auto put = ::write(fd.get(), rest.data(), rest.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return failed("writing");
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
    // The receiver has them for good only when the disk does.
    if (::fdatasync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) return failed("writing");
    return {};
  }

 private:
  [[nodiscard]] cdctl::Result<cdctl::PassAnswer> failed(std::string_view doing) const {
    return cdctl::fail(std::string(doing) + " " + path_.string() + ": " + cdctl::errno_text(errno));
  }

  std::filesystem::path path_;
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<cdctl::Sink, Lines>("lines")};
constexpr KeyRow k_keys[] = {
    {KeyPlace::file, "lines", "table", "", "{ file = \"records.txt\" }", "notify",
     "The sink lines"},
    {KeyPlace::file, "lines.file", "file", "", "\"records.txt\"", "notify",
     "The file that each record becomes a line of"},
};

}  // namespace

CDCTL_PLUGIN(.name = "lines", .version = "1.0.0", .summary = "a sink: a line of text a record",
             .roles = k_roles, .keys = k_keys);

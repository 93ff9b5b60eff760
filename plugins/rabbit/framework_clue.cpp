#include "plugins/rabbit/framework_clue.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace fs = std::filesystem;

namespace {

/// More than any list of dependencies that people write.
constexpr std::size_t k_most_bytes = 1 << 20;

/// A package, and the framework of who asks for it.
struct Package {
  std::string_view name, framework;
};

// A framework goes before the library that it is made of.
constexpr std::array k_python{Package{"celery", "celery"},     Package{"dramatiq", "dramatiq"},
                              Package{"aio-pika", "aio-pika"}, Package{"aio_pika", "aio-pika"},
                              Package{"kombu", "kombu"},       Package{"pika", "pika"}};
constexpr std::array k_javascript{Package{"amqplib", "amqplib"},
                                  Package{"amqp-connection-manager", "amqplib"}};
constexpr std::array k_ruby{Package{"bunny", "bunny"}, Package{"sneakers", "bunny"},
                            Package{"kicks", "bunny"}, Package{"hutch", "bunny"}};
constexpr std::array k_go{Package{"github.com/rabbitmq/amqp091-go", "amqp091-go"},
                          Package{"github.com/streadway/amqp", "amqp091-go"}};
constexpr std::array k_java{Package{"spring-boot-starter-amqp", "spring"},
                            Package{"spring-rabbit", "spring"}, Package{"amqp-client", "java"}};
constexpr std::array k_php{Package{"php-amqplib/php-amqplib", "php-amqplib"}};

struct Listing {
  std::string_view file;
  std::span<const Package> packages;
  std::string_view comment = {};  ///< what follows is for people
};

constexpr std::array k_listings{
    Listing{"pyproject.toml", k_python, "#"},
    Listing{"Pipfile", k_python, "#"},
    Listing{"setup.cfg", k_python, "#"},
    Listing{"setup.py", k_python, "#"},
    Listing{"package.json", k_javascript},
    Listing{"Gemfile", k_ruby, "#"},
    Listing{"go.mod", k_go, "//"},
    Listing{"pom.xml", k_java},
    Listing{"build.gradle", k_java, "//"},
    Listing{"build.gradle.kts", k_java, "//"},
    Listing{"composer.json", k_php},
};

bool of_a_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("_-./").contains(c);
}

/// Whether a package is named: by all of a word, since aio-pika is not pika.
bool names(std::string_view line, std::string_view package) {
  for (std::size_t at = 0; (at = line.find(package, at)) != std::string_view::npos; ++at) {
    const auto end = at + package.size();
    const bool begins = at == 0 || !of_a_name(line[at - 1]);
    if (begins && (end == line.size() || !of_a_name(line[end]))) return true;
  }
  return false;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

const Framework* framework_of(std::string_view text, const Listing& listing) {
  const auto small = lower(text);
  for (const auto& package : listing.packages) {
    for (auto line : lines(small)) {
      if (!listing.comment.empty()) line = line.substr(0, line.find(listing.comment));
      if (names(line, package.name)) return find_framework(package.framework);
    }
  }
  return nullptr;
}

/// requirements.txt, requirements-prod.txt, requirements/base.txt, in their order.
std::vector<std::string> requirement_files(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto* below : {"", "requirements"})
    for (auto entry = fs::directory_iterator(folder / below, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const auto name = entry->path().filename().string();
      if (name.ends_with(".txt") && (*below || name.starts_with("requirements")))
        out.push_back((fs::path(below) / name).string());
    }
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::optional<FrameworkClue> framework_in(const fs::path& folder) {
  const auto look = [&](const std::string& file, const Listing& listing) -> const Framework* {
    std::error_code error;
    if (!fs::is_regular_file(folder / file, error)) return nullptr;
    const auto text = read_file(folder / file, k_most_bytes);
    return text ? framework_of(*text, listing) : nullptr;
  };
  for (const auto& file : requirement_files(folder))
    if (const auto* found = look(file, {"", k_python, "#"})) return FrameworkClue{found, file};
  for (const auto& listing : k_listings)
    if (const auto* found = look(std::string(listing.file), listing))
      return FrameworkClue{found, std::string(listing.file)};
  return {};
}

}  // namespace cdctl::rabbit

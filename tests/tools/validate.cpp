// Reads NDJSON from stdin and holds every record to its schema in the folder given: exit 1 and the
// reasons when one does not fit. `validate-records schemas < records.ndjson`
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

class Schemas {
 public:
  explicit Schemas(std::string folder) : folder_(std::move(folder)) {}
  const valijson::Schema& of(const std::string& name) {
    auto& slot = schemas_[name];
    if (!slot) {
      auto file = name;
      if (const auto slash = file.find('/'); slash != std::string::npos) file[slash] = '.';
      std::ifstream in(folder_ + "/" + file + ".schema.json");
      if (!in) throw std::runtime_error("no schema for '" + name + "'");
      const auto document = json::parse(in);
      slot = std::make_unique<valijson::Schema>();
      valijson::SchemaParser(valijson::SchemaParser::kDraft7)
          .populateSchema(NlohmannJsonAdapter(document), *slot);
    }
    return *slot;
  }

 private:
  std::string folder_;
  std::map<std::string, std::unique_ptr<valijson::Schema>> schemas_;
};

bool check(Schemas& schemas, const std::string& line, std::size_t number) {
  const auto record = json::parse(line);
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(schemas.of(record.value("schema", "")), NlohmannJsonAdapter(record),
                         &results))
    return true;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    std::cerr << "line " << number << ": ";
    for (const auto& part : error.context) std::cerr << part;
    std::cerr << ": " << error.description << '\n';
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Schemas schemas(argv[1]);
  std::size_t number = 0, bad = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    try {
      if (!check(schemas, line, number)) ++bad;
    } catch (const std::exception& error) {
      std::cerr << "line " << number << ": " << error.what() << '\n';
      ++bad;
    }
  }
  std::cout << number << " records, " << bad << " bad\n";
  return bad == 0 && number > 0 ? 0 : 1;
}

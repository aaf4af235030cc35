//! Links and names in the documents.

mod documents_name_tests_that_exist;
mod every_test_file_is_compiled;
mod links_in_documents_lead_somewhere;

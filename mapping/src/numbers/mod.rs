//! Phone numbers: from what a PBX, a CRM or a person wrote to one key.

-- How many certificates an authority issued: counted from this alone, of a million.
CREATE INDEX certificates_of_issuer ON certificates (issuer);

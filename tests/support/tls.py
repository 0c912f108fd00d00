"""The tests' own certificates: an authority's for a server on this machine, and a client's."""

import ipaddress
import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def _certificate(name: str, *, server: bool) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=server, path_length=None), critical=True)
    )
    if server:
        here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(here), critical=False)
    return key, builder.sign(key, hashes.SHA256())


def _write(folder: Path, name: str, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> Path:
    file = folder / name
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def client_certificate(folder: Path) -> Path:
    """A PEM file with a certificate and its private key."""
    return _write(folder, "client.pem", *_certificate("casebridge", server=False))


def server_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """The TLS context of a server on 127.0.0.1, and the file that makes clients trust it (SSL_CERT_FILE)."""
    key, certificate = _certificate("the tests' own authority", server=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_write(folder, "server.pem", key, certificate))
    trusted = folder / "trusted.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return context, trusted


def authorities_folder(folder: Path, *files: Path) -> Path:
    """A folder of authorities as systems have them, in which OpenSSL finds each by the hash of its name."""
    folder.mkdir()
    for file in files:
        command = ["openssl", "x509", "-noout", "-hash", "-in", str(file)]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        shutil.copyfile(file, folder / f"{name}.0")
    return folder

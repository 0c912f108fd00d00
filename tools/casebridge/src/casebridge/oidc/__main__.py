"""`python -m casebridge.oidc`."""

from casebridge.oidc.serve import serve

if __name__ == "__main__":
    serve()

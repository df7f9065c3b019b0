"""An attachment of a document, as a script finds it: unpacked into its folder."""

import base64
import errno
import io
import os
import zipfile

DISK = 512 << 20


class Unavailable(Exception):
    """There is nothing to run: no such handler, no such file."""


def unpack(attachment, folder):
    """Puts it into a folder: a .zip as what is in it, anything else as the file it is."""
    content = base64.b64decode(attachment["content"])
    if attachment["name"].lower().endswith(".zip"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(member.file_size for member in archive.infolist()) > DISK:
                    raise OSError(errno.EFBIG, "the archive is larger than the disk")
                archive.extractall(folder)
        except zipfile.BadZipFile as error:
            raise Unavailable(f"The attachment {attachment['name']} is not a zip archive") from error
        return
    with open(os.path.join(folder, os.path.basename(attachment["name"])), "wb") as file:
        file.write(content)
